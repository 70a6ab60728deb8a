"""The dead letter: a message that no consumer could handle, and its settlement."""

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from shared.messaging.dead_letters import DeadLetter as DeadMessage
from shared.messaging.delivery_history import printable
from shared.messaging.envelope import decode
from shared.messaging.errors import MalformedEnvelope

MAX_BODY_BYTES = 256 * 1024


class DeadLetterStatus(StrEnum):
    WAITING = "waiting"
    REPLAYED = "replayed"
    DISCARDED = "discarded"


class DeadLetter(Struct, frozen=True, kw_only=True):
    """A stored dead letter; `body` has at most the first MAX_BODY_BYTES of `size` bytes.

    `type`, `event_id` and `request_id` are the envelope's, empty when that is malformed. `history`, oldest
    first, includes what happened before earlier replays.
    """

    id: str
    status: DeadLetterStatus
    queue: str
    reason: str
    history: tuple[str, ...]
    died_at: datetime
    forget_at: datetime
    size: int
    body: bytes = b""
    type: str = ""
    event_id: str = ""
    request_id: str = ""
    settled_at: datetime | None = None
    settled_by: str | None = None

    @property
    def is_complete(self) -> bool:
        return len(self.body) == self.size


def from_message(dead: DeadMessage, now: datetime, retention: timedelta) -> DeadLetter:
    """The dead letter of a message from the dead-letter queue."""
    dead_letter = DeadLetter(
        id=dead.id,
        status=DeadLetterStatus.WAITING,
        queue=dead.queue,
        reason=dead.reason,
        history=(*dead.history, history_entry(dead.died_at, f"dead in {dead.queue}: {dead.reason}")),
        died_at=dead.died_at,
        forget_at=now + retention,
        size=len(dead.body),
        body=dead.body[:MAX_BODY_BYTES],
    )
    try:
        envelope = decode(dead.body)
    except MalformedEnvelope:
        return dead_letter
    request_id = envelope.correlationid or ""
    return replace(dead_letter, type=envelope.type, event_id=envelope.id, request_id=request_id)


def settled(
    dead_letter: DeadLetter, status: DeadLetterStatus, by: str, now: datetime, retention: timedelta
) -> DeadLetter:
    """Replayed or discarded; `by` is an account id or OPERATOR. Kept for another `retention`."""
    history = (*dead_letter.history, history_entry(now, f"{status} by {by}"))
    forget_at = now + retention
    return replace(
        dead_letter, status=status, history=history, settled_at=now, settled_by=by, forget_at=forget_at
    )


def history_entry(at: datetime, what: str) -> str:
    """ISO 8601 time with milliseconds, a space, and the printable text."""
    return f"{at.isoformat(timespec='milliseconds')} {printable(what)}"


def parse_history_entry(entry: str) -> tuple[datetime | None, str]:
    """Splits a history entry into time (None if there is none) and text."""
    at, _, what = entry.partition(" ")
    try:
        return datetime.fromisoformat(at), what
    except ValueError:
        return None, entry
