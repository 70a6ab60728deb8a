"""Representations of dead letters in responses and on the command line, without secrets."""

import base64
from collections.abc import Sequence

import msgspec

from converter_service.dead_letters.model import DeadLetter, parse_history_entry
from shared.contracts import dead_letters as bodies
from shared.contracts.events import EVENTS

SECRET = frozenset(name for event in EVENTS for name in event.secret)
HIDDEN = "***"
# Deeper nesting than in any event is hidden; far below the recursion limit.
MAX_DEPTH = 20
SHOWN_BYTES = 4096


def dead_letter_page(found: Sequence[DeadLetter], limit: int) -> bodies.DeadLetterPage:
    """A page from `limit` + 1 dead letters: the extra one shows that there is a next page."""
    more = found[limit - 1].id if len(found) > limit else None
    return bodies.DeadLetterPage(tuple(view(each) for each in found[:limit]), more)


def view(dead_letter: DeadLetter) -> bodies.DeadLetter:
    shown = {name: getattr(dead_letter, name) for name in bodies.DeadLetter.__struct_fields__}
    return bodies.DeadLetter(**shown)


def detail(dead_letter: DeadLetter) -> bodies.WholeDeadLetter:
    body = dead_letter.body
    message = readable(body) if dead_letter.is_complete else None
    is_hidden = message is not None or _may_have_secret(body)
    text, coded = (None, None) if is_hidden else _as_text(body[:SHOWN_BYTES])
    return bodies.WholeDeadLetter(
        **msgspec.structs.asdict(view(dead_letter)),
        history=tuple(bodies.Happening(*parse_history_entry(entry)) for entry in dead_letter.history),
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
