"""Bodies of responses for administrators, with the names of the API's OpenAPI document; see `models`."""

from typing import Any

import msgspec

from tonegate_client.models import Conversion, Moment


class ManagedUser(msgspec.Struct, frozen=True, kw_only=True):
    """An account."""

    id: str
    email: str
    roles: list[str]
    email_verified: bool
    created_at: Moment
    disabled: bool
    disabled_at: Moment | None


class UserPage(msgspec.Struct, frozen=True, kw_only=True):
    """Accounts, newest first. `next_cursor` is None on the last page."""

    items: list[ManagedUser]
    next_cursor: str | None


class ManagedConversion(Conversion, frozen=True, kw_only=True):
    """A conversion with its account."""

    owner_id: str


class ManagedConversionPage(msgspec.Struct, frozen=True, kw_only=True):
    """Conversions of all accounts, newest first. `next_cursor` is None on the last page."""

    items: list[ManagedConversion]
    next_cursor: str | None = None


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A message that no consumer could handle. `settled_by` is an account's id, or `an operator`."""

    id: str
    status: str
    queue: str
    reason: str
    type: str
    event_id: str
    request_id: str
    size: int
    died_at: Moment
    settled_at: Moment | None = None
    settled_by: str | None = None


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the history: a failed delivery, the move to the dead letters, or a replay."""

    at: Moment | None
    what: str


class WholeDeadLetter(DeadLetter, frozen=True, kw_only=True):
    """A dead letter with its history, oldest first, and its message without secrets. A message that is not
    JSON is in `text` or `base64`, truncated.
    """

    history: list[Happening]
    message: Any = None
    text: str | None = None
    base64: str | None = None


class DeadLetterPage(msgspec.Struct, frozen=True, kw_only=True):
    """Dead letters, latest first. `next_cursor` is None on the last page."""

    items: list[DeadLetter]
    next_cursor: str | None = None


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """Videos that were accepted in the hour from `at` on, and how many of them have completed and failed."""

    at: Moment
    accepted: int
    completed: int
    failed: int


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The queue now, and the last 24 hours, oldest first. `oldest_queued_at` is None for an empty queue."""

    queued: int
    converting: int
    dead_letters: int
    oldest_queued_at: Moment | None
    hours: list[Hour]


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An action of an administrator."""

    id: str
    at: Moment
    actor_id: str | None
    action: str
    subject_id: str | None
    address: str | None
    request_id: str
    details: dict[str, Any]


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    """Actions of administrators, latest first. `next_cursor` is None on the last page."""

    items: list[AuditEntry]
    next_cursor: str | None
