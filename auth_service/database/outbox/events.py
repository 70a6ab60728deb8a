"""Events of auth_service, written to the outbox in the transaction of the change that they announce."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from auth_service.database.engine import Transaction
from auth_service.database.outbox.repository import store
from shared.contracts.events import Event, SessionRevoked
from shared.messaging.envelope import wrap

SOURCE = "/auth_service"


@dataclass(frozen=True, kw_only=True)
class EventWriter:
    """Writes events to the outbox. `wake_relay` is called by services after commit, for prompt publishing."""

    now: Callable[[], datetime]
    new_id: Callable[[], UUID]
    wake_relay: Callable[[], None]

    async def write(self, transaction: Transaction, event: Event, subject: UUID) -> None:
        envelope = wrap(event, SOURCE, str(subject), str(self.new_id()), time=self.now())
        await store(transaction, envelope)

    async def write_revocations(
        self, transaction: Transaction, user_id: UUID, revoked: Iterable[UUID]
    ) -> None:
        """One SessionRevoked for each id of a session or API key; gateways then drop it from their caches."""
        for each in revoked:
            event = SessionRevoked(session_id=str(each), user_id=str(user_id))
            await self.write(transaction, event, each)
