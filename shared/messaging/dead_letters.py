"""What could not be handled, on its way from the dead-letter queue to whoever keeps it."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec

from shared.logs import bind_correlation, get_logger
from shared.messaging.delivery_history import describe
from shared.messaging.envelope import decode
from shared.messaging.errors import MalformedEnvelope
from shared.tasks import asked_to_end

log = get_logger(__name__)

KEEPING_TIMEOUT_S = 10.0
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it left its queue for good; its bytes may be anything.

    `id` is the same however often it is handed over; later deaths have greater ids. `queue` is where it died
    and where it can be put back. `history`, oldest first, is of its earlier failures, deaths and replays.
    """

    id: str
    body: bytes
    queue: str
    reason: str
    history: tuple[str, ...]
    died_at: datetime


Keep = Callable[[DeadLetter], Awaitable[None]]
"""Returns once the letter is kept for good. The same one may come again: that must change nothing."""


def death_id(died_at: datetime, queue: str, body: bytes) -> str:
    """32 hex digits that sort by time: the same bytes do not die twice in one queue at one moment."""
    milliseconds = max(0, int(died_at.timestamp() * 1000))
    digest = hashlib.sha256(queue.encode() + b"\0" + body).hexdigest()
    return f"{milliseconds:012x}{digest[:20]}"


async def kept(letter: DeadLetter, keep: Keep, *, is_ours: Callable[[], bool]) -> bool:
    """Tries until it is kept. False when it is no longer ours, so that somebody else gets it."""
    with bind_correlation(*_story(letter)):
        return await _kept(letter, keep, is_ours)


def _story(letter: DeadLetter) -> tuple[str, str]:
    """The correlation id and the subject, as far as it can be read."""
    try:
        envelope = decode(letter.body)
    except MalformedEnvelope:
        return "", ""
    return envelope.correlationid or "", envelope.subject


async def _kept(letter: DeadLetter, keep: Keep, is_ours: Callable[[], bool]) -> bool:
    pause_s = FIRST_PAUSE_S
    while is_ours():
        try:
            async with asyncio.timeout(KEEPING_TIMEOUT_S):
                await keep(letter)
        except asyncio.CancelledError:
            if asked_to_end():
                raise
        except Exception as error:  # noqa: BLE001, it is logged, and the letter is not let go
            log.warning("a dead letter could not be kept", letter=letter.id, reason=describe(error))
        else:
            log.info("dead letter kept", letter=letter.id, queue=letter.queue, reason=letter.reason)
            return True
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
    return False
