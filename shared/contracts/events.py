"""Every event that crosses a service border: frozen facts, in the past tense.

A new field gets a default. A new meaning gets a new class, or a higher `version` when the old one is no
longer spoken.
"""

from datetime import datetime
from typing import ClassVar

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened. Unknown fields are ignored, so that a newer producer can speak to an older
    consumer.
    """

    type: ClassVar[str]
    """Name on the wire, and the routing key."""
    version: ClassVar[int] = 1
    needs_listener: ClassVar[bool] = True
    """False for news that may reach nobody: publishing it succeeds even if no queue is bound."""
    secret: ClassVar[frozenset[str]] = frozenset()
    """Fields that open something to whoever holds them: shown to nobody but the consumer."""


class VideoUploaded(Event, frozen=True, kw_only=True):
    """A video is stored whole and waits for its conversion."""

    type: ClassVar[str] = "video_uploaded"

    conversion_id: str


class ConversionCompleted(Event, frozen=True, kw_only=True):
    """The audio is stored and verified. `audio_path` is signed and relative to the gateway's public URL.

    Without a `recipient` nobody is to be told by mail.
    """

    type: ClassVar[str] = "conversion_completed"
    secret: ClassVar[frozenset[str]] = frozenset({"audio_path"})

    conversion_id: str
    owner_id: str
    recipient: str
    filename: str
    duration_s: float
    size_bytes: int
    format: str
    audio_path: str
    link_expires_at: datetime
    bitrate_bps: int | None = None
    sha256: str | None = None


class ConversionFailed(Event, frozen=True, kw_only=True):
    """The conversion ended without audio. `code` is one of the API's conversion errors, `message` is for
    people. Without a `recipient` nobody is to be told by mail.
    """

    type: ClassVar[str] = "conversion_failed"

    conversion_id: str
    owner_id: str
    recipient: str
    filename: str
    code: str
    message: str


class ConversionCancelled(Event, frozen=True, kw_only=True):
    """Its owner wants no audio of it. Whoever works at it stops; who misses it learns it from the record."""

    type: ClassVar[str] = "conversion_cancelled"

    conversion_id: str
    owner_id: str
    filename: str


class ConversionChanged(Event, frozen=True, kw_only=True):
    """What can be seen of a conversion is now `conversion`, as the API shows it: news for those who watch it,
    told at once and never twice. `edition` grows with each.
    """

    type: ClassVar[str] = "conversion_changed"
    needs_listener: ClassVar[bool] = False

    conversion_id: str
    edition: int
    status: str
    conversion: dict[str, object]


class ConversionRemoved(Event, frozen=True, kw_only=True):
    """It has been deleted: nobody needs to watch it or to work at it."""

    type: ClassVar[str] = "conversion_removed"
    needs_listener: ClassVar[bool] = False

    conversion_id: str


class SessionRevoked(Event, frozen=True, kw_only=True):
    """Tokens of this session, or this API key, are void from now on. With no gateway running nobody caches
    them, so nobody must hear.
    """

    type: ClassVar[str] = "session_revoked"
    needs_listener: ClassVar[bool] = False

    session_id: str
    user_id: str


class EmailVerificationRequested(Event, frozen=True, kw_only=True):
    """An account's address is to be proven. Sensitive: `token` is the proof, so it is shown in no log."""

    type: ClassVar[str] = "email_verification_requested"
    secret: ClassVar[frozenset[str]] = frozenset({"token"})

    user_id: str
    recipient: str
    token: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"EmailVerificationRequested(user_id={self.user_id!r}, ***)"


class PasswordResetRequested(Event, frozen=True, kw_only=True):
    """A password was forgotten. Sensitive: with `token` a new one is set, so it is shown in no log."""

    type: ClassVar[str] = "password_reset_requested"
    secret: ClassVar[frozenset[str]] = frozenset({"token"})

    user_id: str
    recipient: str
    token: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"PasswordResetRequested(user_id={self.user_id!r}, ***)"


class PasswordChanged(Event, frozen=True, kw_only=True):
    """An account has another password. Its owner is to know, in case it was somebody else."""

    type: ClassVar[str] = "password_changed"

    user_id: str
    recipient: str
    changed_at: datetime


class EmailChanged(Event, frozen=True, kw_only=True):
    """An account has another address. `recipient` is the one it had before."""

    type: ClassVar[str] = "email_changed"

    user_id: str
    recipient: str
    changed_at: datetime


class AccountDeleted(Event, frozen=True, kw_only=True):
    """The account is gone, and what it owned elsewhere has to go, too."""

    type: ClassVar[str] = "account_deleted"

    user_id: str


class AccountClaimed(Event, frozen=True, kw_only=True):
    """The owner of an account's address has proven it at last, by setting a new password. What others made in
    the account before that must not go on telling them what happens in it. `ended` are the sessions and API
    keys that it had until `claimed_at`.
    """

    type: ClassVar[str] = "account_claimed"

    user_id: str
    claimed_at: datetime
    ended: tuple[str, ...] = ()


class OperatorActed(Event, frozen=True, kw_only=True):
    """Somebody at the command line of a service is about to do this; the record of it is auth_service's."""

    type: ClassVar[str] = "operator_acted"

    action: str
    details: dict[str, str]


EVENTS: tuple[type[Event], ...] = (
    VideoUploaded,
    ConversionCompleted,
    ConversionFailed,
    ConversionCancelled,
    ConversionChanged,
    ConversionRemoved,
    SessionRevoked,
    EmailVerificationRequested,
    PasswordResetRequested,
    PasswordChanged,
    EmailChanged,
    AccountDeleted,
    AccountClaimed,
    OperatorActed,
)
