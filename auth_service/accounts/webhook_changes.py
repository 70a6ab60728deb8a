"""Changes of webhooks: the fresh proof that they need, their record, and the mail once they are made."""

from dataclasses import dataclass
from uuid import UUID, uuid5

from auth_service.audit.activity.caller import Caller
from auth_service.audit.activity.event import Event
from auth_service.audit.activity.service import ActivityLog
from auth_service.database.engine import Database
from auth_service.database.outbox import EventWriter
from auth_service.factors.proofs import FactorProofs
from auth_service.mailer.service import AccountMailer
from auth_service.users.repository import UserRepository
from shared.contracts.events import WebhookChanged
from shared.errors import InvalidToken, Unavailable
from shared.messaging.errors import Reject, Retry
from shared.messaging.handlers import Delivery

RETRY_PAUSE_S = 5.0
# Of the ids of mails, each derived from the id of the change that it tells of.
NAMESPACE = UUID("5b0f2b5e-6d0c-4c55-9a55-0d6a6f0f7c11")


@dataclass(frozen=True)
class WebhookChanges:
    database: Database
    proofs: FactorProofs
    mailer: AccountMailer
    activity: ActivityLog
    events: EventWriter

    async def announce(self, caller: Caller, change: Event, current_password: str | None) -> None:
        """Records a change that is about to be made, or a deletion that was. Raises
        ProofRequired for a session without a fresh proof, and what FactorProofs.require raises.

        An API key needs none: it was created with one, for this scope. Deleting needs none either: it only
        takes access away.
        """
        if caller.principal.scope is None and change is not Event.WEBHOOK_DELETED:
            await self.proofs.require(caller, current_password)
        async with self.database.transaction() as transaction:
            if await UserRepository(transaction).find(caller.user_id) is None:
                raise InvalidToken
            await self.activity.record_call(transaction, change, caller)

    async def mail(self, event: WebhookChanged, delivery: Delivery) -> None:
        """Mails the owner of a change that was made. Repeated events cause one mail: its id is the same.

        Raises Retry while the database is unavailable, Reject for a malformed event.
        """
        try:
            user_id, change = UUID(event.user_id), Event(event.change)
        except ValueError:
            raise Reject("the account's id or the change is malformed") from None
        mail_id = str(uuid5(NAMESPACE, delivery.envelope.id))
        try:
            async with self.database.transaction() as transaction:
                user = await UserRepository(transaction).find(user_id)
                if user is not None:
                    await self.mailer.notify_of(transaction, change, user, mail_id)
        except Unavailable as error:
            raise Retry(RETRY_PAUSE_S, str(error), counts=False) from error
        self.events.wake_relay()
