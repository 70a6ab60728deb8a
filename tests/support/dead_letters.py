"""Sample messages of the dead-letter queue."""

from datetime import UTC, datetime, timedelta

from shared.contracts.events import Event, VideoUploaded
from shared.messaging.dead_letters import DeadLetter, dead_letter_id
from shared.messaging.envelope import encode, wrap

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
RETENTION = timedelta(days=30)
QUEUE = "converter.worker"


def dead_letter(
    number: int = 1, body: bytes | Event | None = None, *, queue: str = QUEUE, history: tuple[str, ...] = ()
) -> DeadLetter:
    """A dead-lettered message; a greater `number` is a later one."""
    at = NOON + timedelta(seconds=number)
    what = VideoUploaded(conversion_id=f"c{number}") if body is None else body
    if isinstance(what, Event):
        what = encode(wrap(what, "/test", f"c{number}", id=f"event-{number}", time=NOON, correlation="r1"))
    return DeadLetter(
        id=dead_letter_id(at, queue, what),
        body=what,
        queue=queue,
        reason="ValueError: broken",
        history=history,
        died_at=at,
    )
