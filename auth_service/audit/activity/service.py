"""The activity log: who did what, from where, and with which result (ASVS 5.0 §16.2.1, §16.3).

Each event is a row in PostgreSQL and, once its transaction is committed, a line `security event` in the log.
Neither holds secrets or text that users have typed.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from auth_service.audit.activity.caller import Caller
from auth_service.audit.activity.event import Event, Result
from auth_service.audit.activity.model import ActivityRecord
from auth_service.audit.activity.repository import ActivityRepository
from auth_service.database.engine import Database, Transaction, after_commit
from auth_service.throttle.client import Client
from auth_service.throttle.repository import CounterRepository
from shared.logs import correlation_id, get_logger

log = get_logger(__name__)

# Refused logins that are stored per account, or per network for unknown addresses; further ones are only
# logged, so that guessing fills no disk and pushes nothing else out of sight.
REFUSALS_PER_HOUR = 20
REFUSALS_WINDOW = timedelta(hours=1)


@dataclass(frozen=True)
class ActivityLog:
    database: Database
    now: Callable[[], datetime]

    async def record(
        self,
        transaction: Transaction,
        event: Event,
        user_id: UUID | None,
        client: Client,
        session_id: UUID | None = None,
        *,
        result: Result = Result.SUCCEEDED,
        details: Mapping[str, str] | None = None,
    ) -> None:
        """Records an event in the transaction of the event itself."""
        record = self._row(event, user_id, client, session_id, result=result, details=details or {})
        await ActivityRepository(transaction).insert(record)
        after_commit(transaction, partial(_write_line, record))

    async def record_call(
        self, transaction: Transaction, event: Event, caller: Caller, details: Mapping[str, str] | None = None
    ) -> None:
        """Records what the caller of a request has done."""
        await self.record(
            transaction, event, caller.user_id, caller.client, caller.session_id, details=details
        )

    async def record_refusal(self, event: Event, user_id: UUID | None, client: Client) -> None:
        """Records a wrong password, with the same queries for unknown addresses; at most
        REFUSALS_PER_HOUR are stored.
        """
        now = self.now()
        record = self._row(event, user_id, client, None, result=Result.REFUSED, details={})
        async with self.database.transaction() as transaction:
            key = _refusals_key(user_id, client)
            until = now + REFUSALS_WINDOW
            count = await CounterRepository(transaction).increment(key, now, until, sliding=False)
            if count <= REFUSALS_PER_HOUR:
                await ActivityRepository(transaction).insert(record)
        _write_line(record)

    def log_throttled(self, event: Event, user_id: UUID | None, client: Client) -> None:
        """Logs an attempt that was refused before its password was looked at; not stored."""
        _write_line(self._row(event, user_id, client, None, result=Result.THROTTLED, details={}))

    async def list(self, user_id: UUID, before: int | None, limit: int) -> Sequence[ActivityRecord]:
        """A page of an account's events, newest first."""
        async with self.database.transaction() as transaction:
            return await ActivityRepository(transaction).page(user_id, before, limit)

    def _row(
        self,
        event: Event,
        user_id: UUID | None,
        client: Client,
        session_id: UUID | None,
        *,
        result: Result,
        details: Mapping[str, str],
    ) -> ActivityRecord:
        return ActivityRecord(
            at=self.now(),
            event=event,
            result=result,
            user_id=user_id,
            session_id=session_id,
            address=client.address,
            user_agent=client.user_agent,
            request_id=correlation_id.get(),
            details=dict(details),
        )


def _write_line(record: ActivityRecord) -> None:
    log.info(
        "security event",
        action=str(record.event),
        result=str(record.result),
        account=str(record.user_id) if record.user_id else None,
        session=str(record.session_id) if record.session_id else None,
        address=record.address,
        user_agent=record.user_agent,
        details=record.details,
    )


def _refusals_key(user_id: UUID | None, client: Client) -> bytes:
    about = str(user_id) if user_id else f"network\n{client.network}"
    return hashlib.sha256(f"refusals\n{about}".encode()).digest()
