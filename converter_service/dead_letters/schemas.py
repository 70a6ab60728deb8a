"""Representations of dead letters in responses and on the command line, without secrets."""

import base64
from collections.abc import Sequence
from datetime import datetime

import msgspec

from converter_service.dead_letters.model import DeadLetter, parse_history_entry
from shared.contracts.events import EVENTS

SECRET = frozenset(name for event in EVENTS for name in event.secret)
HIDDEN = "***"
# Deeper nesting than in any event is hidden; far below the recursion limit.
MAX_DEPTH = 20
SHOWN_BYTES = 4096


class DeadLetterView(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter without its body; `size` in bytes. `settled_by` is an account id or `an operator`."""

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
    """An event in the life of a message; `at` is null if unknown."""

    at: datetime | None
    what: str


class DeadLetterDetail(DeadLetterView, frozen=True, kw_only=True):
    """A dead letter with its body: `message` is its JSON, with secrets hidden.

    Of another body the first SHOWN_BYTES are in `text`, or in `base64` if it is not UTF-8; none if it might
    contain a secret.
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
    """A page from `limit` + 1 dead letters: the extra one shows that there is a next page."""
    more = found[limit - 1].id if len(found) > limit else None
    return DeadLetterPage([view(each) for each in found[:limit]], more)


def view(dead_letter: DeadLetter) -> DeadLetterView:
    return DeadLetterView(**{name: getattr(dead_letter, name) for name in DeadLetterView.__struct_fields__})


def detail(dead_letter: DeadLetter) -> DeadLetterDetail:
    message = readable(dead_letter.body) if dead_letter.is_complete else None
    start = dead_letter.body[:SHOWN_BYTES]
    text, coded = (
        (None, None) if message is not None or _may_have_secret(dead_letter.body) else _as_text(start)
    )
    return DeadLetterDetail(
        **msgspec.structs.asdict(view(dead_letter)),
        history=[HistoryEntry(*parse_history_entry(entry)) for entry in dead_letter.history],
        message=message,
        text=text,
        base64=coded,
    )


def readable(body: bytes) -> object:
    """The decoded JSON with its secrets hidden; None when the body is not JSON."""
    try:
        return hidden(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def hidden(value: object, depth: int = 0) -> object:
    """The value with each field replaced by `***` whose name any event declares secret, at any depth."""
    if depth > MAX_DEPTH:
        return HIDDEN
    if isinstance(value, dict):
        return {
            name: HIDDEN if str(name).lower() in SECRET else hidden(each, depth + 1)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [hidden(each, depth + 1) for each in value]
    return value


def _may_have_secret(body: bytes) -> bool:
    lowered = body.lower()
    return any(name.encode() in lowered for name in SECRET)


def _as_text(body: bytes) -> tuple[str | None, str | None]:
    try:
        return body.decode(), None
    except UnicodeDecodeError:
        return None, base64.b64encode(body).decode()
