"""The audit log: a record of every administrative action (ASVS 5.0 §16.2.1)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from auth_service.audit.actor import Actor, require_administrator
from auth_service.audit.model import AuditRecord
from auth_service.audit.repository import AuditRepository
from auth_service.database.engine import Database, Transaction
from shared.logs import correlation_id


@dataclass(frozen=True, kw_only=True)
class AuditLog:
    database: Database
    now: Callable[[], datetime]

    async def record(
        self,
        transaction: Transaction,
        actor: Actor,
        action: str,
        subject: UUID | None,
        details: dict[str, Any],
    ) -> None:
        """Adds a record in the transaction of the action itself; `subject` is the account acted upon."""
        record = AuditRecord(
            at=self.now(),
            actor_id=actor.id,
            action=action,
            subject_id=subject,
            address=actor.client.address,
            request_id=correlation_id.get(),
            details=details,
        )
        await AuditRepository(transaction).insert(record)

    async def list(self, actor: Actor, before: int | None, limit: int) -> Sequence[AuditRecord]:
        """A page of records, newest first; the listing itself is recorded. Raises Forbidden unless the actor
        is an administrator.
        """
        async with self.database.transaction() as transaction:
            await require_administrator(transaction, actor.id)
            found = await AuditRepository(transaction).page(before, limit)
            await self.record(transaction, actor, "audit_listed", None, {})
        return found

    async def record_request(self, actor: Actor, action: str, details: Mapping[str, str]) -> None:
        """Records an action before the gateway requests it from another service.

        Raises Forbidden unless the actor is an administrator; the gateway then makes no request.
        """
        async with self.database.transaction() as transaction:
            await require_administrator(transaction, actor.id)
            await self.record(transaction, actor, action, None, dict(details))

    async def record_operator_action(
        self, event_id: str, at: datetime, action: str, details: Mapping[str, str]
    ) -> None:
        """Records an action at the command line of another service, once per event id."""
        async with self.database.transaction() as transaction:
            records = AuditRepository(transaction)
            if await records.is_recorded(event_id):
                return
            record = AuditRecord(at=at, action=action, request_id=event_id, details=dict(details))
            await records.insert(record)
