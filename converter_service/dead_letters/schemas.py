"""What people see of dead letters: everything but secrets."""

import base64
from collections.abc import Sequence
from datetime import datetime

import msgspec

from converter_service.dead_letters.model import DeadLetter, parse_history
from shared.contracts.events import EVENTS

SECRET = frozenset(name for event in EVENTS for name in event.secret)
HIDDEN = "***"
# Nested deeper than any event, and far from what a parser or an encoder can take.
DEEPEST = 20
SHOWN_BYTES = 4096


class DeadLetterView(msgspec.Struct, frozen=True, kw_only=True):
    """`settled_by` is an account's id, or `an operator` at the command line. `size` in bytes."""

    id: str
    status: str
    queue: str
    reason: str
    type: str
    event_id: str
    request_id: str
    size: int
    died_at: datetime
    settled_at: datetime | None
    settled_by: str | None


class HistoryEntry(msgspec.Struct, frozen=True):
    at: datetime | None
    what: str


class DeadLetterDetail(DeadLetterView, frozen=True, kw_only=True):
    """`message` is what the JSON says. What is not JSON is shown in part, as `text` or else in `base64`,
    unless it might hold a secret.
    """

    history: list[HistoryEntry]
    message: object
    text: str | None
    base64: str | None


class DeadLetterPage(msgspec.Struct, frozen=True):
    """`next_cursor` is null on the last page."""

    items: list[DeadLetterView]
    next_cursor: str | None


def dead_letter_page(found: Sequence[DeadLetter], limit: int) -> DeadLetterPage:
    """From one more than `limit` was asked for: that tells whether there is a next page."""
    more = found[limit - 1].id if len(found) > limit else None
    return DeadLetterPage([view(each) for each in found[:limit]], more)


def view(letter: DeadLetter) -> DeadLetterView:
    return DeadLetterView(**{name: getattr(letter, name) for name in DeadLetterView.__struct_fields__})


def detail(letter: DeadLetter) -> DeadLetterDetail:
    message = readable(letter.body) if letter.is_complete else None
    start = letter.body[:SHOWN_BYTES]
    text, coded = (None, None) if message is not None or _might_tell(letter.body) else _as_text(start)
    return DeadLetterDetail(
        **msgspec.structs.asdict(view(letter)),
        history=[HistoryEntry(at, what) for at, what in parse_history(letter.history)],
        message=message,
        text=text,
        base64=coded,
    )


def readable(body: bytes) -> object:
    """What the JSON says, its secrets hidden; None when it is none."""
    try:
        return hidden(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def hidden(value: object, depth: int = 0) -> object:
    """The same without what any event calls secret, wherever it stands."""
    if depth > DEEPEST:
        return HIDDEN
    if isinstance(value, dict):
        return {
            name: HIDDEN if str(name).lower() in SECRET else hidden(each, depth + 1)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [hidden(each, depth + 1) for each in value]
    return value


def _might_tell(body: bytes) -> bool:
    lowered = body.lower()
    return any(name.encode() in lowered for name in SECRET)


def _as_text(body: bytes) -> tuple[str | None, str | None]:
    try:
        return body.decode(), None
    except UnicodeDecodeError:
        return None, base64.b64encode(body).decode()
