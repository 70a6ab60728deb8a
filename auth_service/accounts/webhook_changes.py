"""Announced changes of webhooks: the fresh proof that they need, their record and their mail."""

from dataclasses import dataclass

from auth_service.audit.activity.caller import Caller
from auth_service.audit.activity.event import Event
from auth_service.audit.activity.service import ActivityLog
from auth_service.database.engine import Database
from auth_service.database.outbox import EventWriter
from auth_service.mailer.service import AccountMailer
from auth_service.passwords.proofs import Proofs
from auth_service.users.repository import UserRepository
from shared.errors import InvalidToken


@dataclass(frozen=True)
class WebhookChanges:
    database: Database
    proofs: Proofs
    mailer: AccountMailer
    activity: ActivityLog
    events: EventWriter

    async def announce(self, caller: Caller, change: Event, current_password: str | None) -> None:
        """Records a change before it is made, so that none goes unnoticed; notification_service may still
        refuse it. Raises ProofRequired for a session without a fresh proof, and what Proofs.require raises.

        An API key needs none: it was created with one, for this scope.
        """
        if caller.principal.scope is None:
            await self.proofs.require(caller, current_password)
        async with self.database.transaction() as transaction:
            user = await UserRepository(transaction).find(caller.user_id)
            if user is None:
                raise InvalidToken
            await self.activity.record_call(transaction, change, caller)
            await self.mailer.notify_of(transaction, change, user)
        self.events.wake_relay()
