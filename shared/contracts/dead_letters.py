"""What the converter answers about dead letters, for the OpenAPI document: the bodies are passed through."""

from datetime import datetime
from typing import Any, Literal

import msgspec

LetterStatus = Literal["waiting", "replayed", "discarded"]


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A message that nobody could handle. `type`, `event_id` and `request_id` are its envelope's, empty where
    that cannot be read; `size` is in bytes; `settled_by` is an account's id, or `an operator`.
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
    """One failure, death or replay."""

    at: datetime | None
    what: str


class WholeDeadLetter(DeadLetter, frozen=True, kw_only=True):
    """With its history, oldest first, and its message. Secrets are hidden. What is not JSON is shown in part,
    as `text` or else in `base64`, unless it might hold a secret.
    """

    history: tuple[Happening, ...]
    message: Any = None
    text: str | None = None
    base64: str | None = None


class DeadLetterPage(msgspec.Struct, frozen=True):
    """The latest deaths first. `next_cursor` is null on the last page."""

    items: tuple[DeadLetter, ...]
    next_cursor: str | None = None
