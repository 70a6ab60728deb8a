"""Settlement of deliveries: acknowledging, rejecting and requeuing messages, bounded in time."""

import asyncio
import contextlib
from collections.abc import Awaitable

from aio_pika.abc import AbstractIncomingMessage

from shared.logs import get_logger
from shared.messaging.delivery_history import describe
from shared.tasks import finish_when_cancelled

log = get_logger(__name__)

SETTLEMENT_TIMEOUT_S = 10.0


def is_lost(message: AbstractIncomingMessage) -> bool:
    """True if the message's channel is closed: it cannot be settled, and the broker delivers it again."""
    with contextlib.suppress(Exception):
        return message.channel.is_closed
    return True


async def requeue(message: AbstractIncomingMessage) -> None:
    """Returns an unhandled message to its queue.

    Since RabbitMQ 4.3 basic.nack does not count against the delivery limit.
    """
    if not is_lost(message) and not message.processed:
        await send_settlement(message.nack(requeue=True))


async def send_settlement(frame: Awaitable[None]) -> None:
    """Sends an ack, nack or reject. A failure is logged: the broker then delivers the message again.

    A cancellation does not interrupt it: a message that is settled twice closes the channel, and every other
    message of the channel is delivered again.
    """
    await finish_when_cancelled(_send(frame), SETTLEMENT_TIMEOUT_S)


async def _send(frame: Awaitable[None]) -> None:
    try:
        async with asyncio.timeout(SETTLEMENT_TIMEOUT_S):
            await frame
    except asyncio.CancelledError as lost:
        log.warning("settlement failed, message will be redelivered", reason=describe(lost))
    except Exception as error:  # noqa: BLE001, an unsettled message is delivered again
        log.warning("settlement failed, message will be redelivered", reason=describe(error))
