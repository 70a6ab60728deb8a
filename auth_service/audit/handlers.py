"""What operators do at the command lines of other services, on its way into the record."""

from auth_service.admin.service import Administration
from shared.contracts.events import OperatorActed
from shared.errors import Unavailable
from shared.messaging.ports import Delivery, Handlers, Retry
from shared.messaging.subscriptions import AUTH_AUDIT

STORE_PAUSE_S = 5.0


def recording(administration: Administration) -> Handlers:
    async def record(event: OperatorActed, delivery: Delivery) -> None:
        envelope = delivery.envelope
        try:
            await administration.operator_acted(envelope.id, envelope.time, event.action, event.details)
        except Unavailable as away:
            raise Retry(STORE_PAUSE_S, str(away), counts=False) from away

    return Handlers({OperatorActed: record}, expected=AUTH_AUDIT.events)
