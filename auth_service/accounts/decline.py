"""Closes accounts whose unverified address belongs to someone else, who said so."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from auth_service.audit.service import AuditLog
from auth_service.database.engine import Database
from auth_service.database.outbox import EventWriter
from auth_service.sessions.revocation import Revocation
from auth_service.users.repository import UserRepository
from shared.contracts.events import AccountDeclined
from shared.errors import Unavailable
from shared.mailbox import mailbox_digest
from shared.messaging.errors import Reject, Retry
from shared.messaging.handlers import Delivery

RETRY_PAUSE_S = 5.0


@dataclass(frozen=True, kw_only=True)
class AccountDecline:
    """Disables the account and revokes its access. An administrator can enable it again."""

    database: Database
    revocation: Revocation
    events: EventWriter
    audit_log: AuditLog
    now: Callable[[], datetime]

    async def close(self, event: AccountDeclined, delivery: Delivery) -> None:
        """Idempotent. Does nothing for an account whose address is verified or another one by now.

        Raises Retry while the database is unavailable, Reject for an id that is none.
        """
        try:
            user_id = UUID(event.user_id)
        except ValueError:
            raise Reject("the account's id is malformed") from None
        try:
            if await self._disable(user_id, event.mailbox):
                envelope, details = delivery.envelope, {"account": str(user_id)}
                await self.audit_log.record_operator_action(
                    envelope.id, envelope.time, "account_declined", details
                )
        except Unavailable as error:
            raise Retry(RETRY_PAUSE_S, str(error), counts=False) from error
        self.events.wake_relay()

    async def _disable(self, user_id: UUID, mailbox: str) -> bool:
        """Returns True if the account is one to be closed, also when it is closed already."""
        async with self.database.transaction() as transaction:
            user = await UserRepository(transaction).lock(user_id)
            if user is None or user.email_verified_at is not None or mailbox_digest(user.email) != mailbox:
                return False
            user.disabled_at = user.disabled_at or self.now()
            await self.revocation.revoke_account(transaction, user.id)
        return True
