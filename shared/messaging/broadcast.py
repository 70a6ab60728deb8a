"""Handling of one broadcast message: neither retried nor dead-lettered; failures are logged."""

import asyncio

from shared.logs import bind_correlation, get_logger
from shared.messaging.delivery_history import describe
from shared.messaging.envelope import decode, unwrap
from shared.messaging.errors import BadMessage
from shared.messaging.handlers import Delivery, Handlers
from shared.messaging.ports import Broadcast
from shared.tasks import cancel_requested

log = get_logger(__name__)

HANDLING_TIMEOUT_S = 30.0


async def handle_broadcast(body: bytes, broadcast: Broadcast, handlers: Handlers) -> str:
    """Returns the outcome: `handled`, `dropped` or `failed`.

    Raises only CancelledError, when the task was cancelled.
    """
    try:
        envelope = decode(body)
        event = unwrap(envelope)
    except BadMessage as error:
        log.warning("message dropped", listener=broadcast.name, reason=describe(error))
        return "dropped"
    if type(event) not in broadcast.events:
        log.warning("message dropped", listener=broadcast.name, reason=f"{event.type} is not expected")
        return "dropped"
    with bind_correlation(envelope.correlationid or "", envelope.subject):
        try:
            async with asyncio.timeout(HANDLING_TIMEOUT_S):
                await handlers.handle(event, Delivery(envelope=envelope))
        except asyncio.CancelledError:
            if cancel_requested():
                raise
            log.exception("handler failed", listener=broadcast.name, type=event.type)
        except Exception:
            log.exception("handler failed", listener=broadcast.name, type=event.type)
        else:
            return "handled"
    return "failed"
