"""Dead letters: messages that could not be handled, handed over from the dead-letter queue to a store."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec

from shared.logs import bind_correlation, get_logger
from shared.messaging.delivery_history import describe
from shared.messaging.envelope import decode
from shared.messaging.errors import MalformedEnvelope
from shared.tasks import cancel_requested

log = get_logger(__name__)

STORE_TIMEOUT_S = 10.0
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A message that left its queue for good. `body` may be any bytes.

    `id` is the same each time the letter is handed over, and sorts by time. `queue` is the one that it came
    from and can be put back into. `history` lists earlier failures, dead-letterings and replays, oldest
    first.
    """

    id: str
    body: bytes
    queue: str
    reason: str
    history: tuple[str, ...]
    died_at: datetime


KeepDeadLetter = Callable[[DeadLetter], Awaitable[None]]
"""Stores a dead letter; returns once it is durable. Must be idempotent: a letter may come again."""


def dead_letter_id(died_at: datetime, queue: str, body: bytes) -> str:
    """32 hex digits that sort by time: milliseconds, then a hash of queue and body."""
    milliseconds = max(0, int(died_at.timestamp() * 1000))
    digest = hashlib.sha256(queue.encode() + b"\0" + body).hexdigest()
    return f"{milliseconds:012x}{digest[:20]}"


async def keep_until_stored(letter: DeadLetter, keep: KeepDeadLetter, *, is_ours: Callable[[], bool]) -> bool:
    """Calls `keep` until it succeeds. Returns False if the message was lost meanwhile (`is_ours`)."""
    pause_s = FIRST_PAUSE_S
    with bind_correlation(*_correlation(letter)):
        while is_ours():
            try:
                async with asyncio.timeout(STORE_TIMEOUT_S):
                    await keep(letter)
            except asyncio.CancelledError:
                if cancel_requested():
                    raise
            except Exception as error:  # noqa: BLE001, logged; the letter is tried again
                log.warning("dead letter not stored, will retry", letter=letter.id, reason=describe(error))
            else:
                log.info("dead letter stored", letter=letter.id, queue=letter.queue, reason=letter.reason)
                return True
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
    return False


def _correlation(letter: DeadLetter) -> tuple[str, str]:
    """The letter's correlation id and subject; empty where it cannot be read."""
    try:
        envelope = decode(letter.body)
    except MalformedEnvelope:
        return "", ""
    return envelope.correlationid or "", envelope.subject
