"""Request and response bodies of dead letters: messages that no consumer could handle."""

from datetime import datetime
from typing import Any, Literal

import msgspec

LetterStatus = Literal["waiting", "replayed", "discarded"]


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter. `type`, `event_id` and `request_id` are those of its envelope, empty when it cannot be
    parsed. `size` is in bytes. `settled_by` is an account's id, or `an operator` for the command line.
    """

    id: str
    status: LetterStatus
    queue: str
    reason: str
    type: str
    event_id: str
    request_id: str
    size: int
    died_at: datetime
    settled_at: datetime | None = None
    settled_by: str | None = None


class Happening(msgspec.Struct, frozen=True):
    """An entry of the history: a failed delivery, the move to the dead letters, or a replay."""

    at: datetime | None
    what: str


class WholeDeadLetter(DeadLetter, frozen=True, kw_only=True):
    """A dead letter with its history, oldest first, and its message, in which secrets are replaced. A message
    that is not JSON is truncated, in `text` or else in `base64`, and omitted if it may contain a secret.
    """

    history: tuple[Happening, ...]
    message: Any = None
    text: str | None = None
    base64: str | None = None


class DeadLetterPage(msgspec.Struct, frozen=True):
    """Dead letters, latest first. `next_cursor` is null on the last page."""

    items: tuple[DeadLetter, ...]
    next_cursor: str | None = None
