"""Every event between services: immutable facts, named in the past tense.

A new field needs a default. A changed meaning needs a new class, or a higher `version` once no service uses
the old one. `recipient_verified` says whether the account had verified the address; None in the events of
older producers.
"""

from datetime import datetime
from typing import ClassVar

from shared.contracts.account_events import AccountClaimed as AccountClaimed  # noqa: PLC0414 - exported
from shared.contracts.account_events import AccountDeclined as AccountDeclined  # noqa: PLC0414 - likewise
from shared.contracts.account_events import AccountDeleted as AccountDeleted  # noqa: PLC0414 - likewise
from shared.contracts.account_events import AccountRecovered as AccountRecovered  # noqa: PLC0414 - likewise
from shared.contracts.account_events import PasswordWasReset as PasswordWasReset  # noqa: PLC0414 - likewise
from shared.contracts.event import Event as Event  # noqa: PLC0414 - likewise
from shared.contracts.record_events import EmailSent as EmailSent  # noqa: PLC0414 - likewise
from shared.contracts.record_events import WebhookDelivered as WebhookDelivered  # noqa: PLC0414 - likewise
from shared.contracts.webhook_events import WebhookChanged as WebhookChanged  # noqa: PLC0414 - likewise


class VideoUploaded(Event, frozen=True, kw_only=True):
    """A video is completely stored and waits for its conversion."""

    type: ClassVar[str] = "video_uploaded"

    conversion_id: str


class ConversionCompleted(Event, frozen=True, kw_only=True):
    """The audio is stored and verified. Links to it are to be valid until `link_expires_at`.

    `audio_path` is a signed link, relative to the gateway's public URL, in the events of older producers;
    without it the reader signs the link, with `links_ended`. Without a `recipient` no email is sent.
    `recipient_verified` is of the time of the upload.
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
    link_expires_at: datetime
    audio_path: str = ""
    bitrate_bps: int | None = None
    sha256: str | None = None
    recipient_verified: bool | None = None
    links_ended: int = 0


class ConversionFailed(Event, frozen=True, kw_only=True):
    """The conversion ended without audio.

    `code` is one of the API's conversion errors, `message` its text for users. `recipient` and
    `recipient_verified` as in ConversionCompleted.
    """

    type: ClassVar[str] = "conversion_failed"

    conversion_id: str
    owner_id: str
    recipient: str
    filename: str
    code: str
    message: str
    recipient_verified: bool | None = None


class ConversionCancelled(Event, frozen=True, kw_only=True):
    """The owner cancelled the conversion. A worker that misses this event reads it from the stored record."""

    type: ClassVar[str] = "conversion_cancelled"

    conversion_id: str
    owner_id: str
    filename: str


class ConversionChanged(Event, frozen=True, kw_only=True):
    """Live update for event streams: `conversion` is the new state as the API shows it.

    Published best-effort and once. `edition` grows with each change.
    """

    type: ClassVar[str] = "conversion_changed"
    needs_listener: ClassVar[bool] = False

    conversion_id: str
    edition: int
    status: str
    conversion: dict[str, object]


class ConversionRemoved(Event, frozen=True, kw_only=True):
    """The conversion was deleted; event streams and workers stop."""

    type: ClassVar[str] = "conversion_removed"
    needs_listener: ClassVar[bool] = False

    conversion_id: str


class SessionRevoked(Event, frozen=True, kw_only=True):
    """Tokens of this session or API key are invalid from now on; gateways drop them from their caches.

    `key_deleted`: the owner has deleted the API key, with which the webhooks end that it made.
    """

    type: ClassVar[str] = "session_revoked"
    needs_listener: ClassVar[bool] = False

    session_id: str
    user_id: str
    key_deleted: bool = False


class EmailVerificationRequested(Event, frozen=True, kw_only=True):
    """An email address must be verified. `token` is the proof and appears in no log."""

    type: ClassVar[str] = "email_verification_requested"
    secret: ClassVar[frozenset[str]] = frozenset({"token"})

    user_id: str
    recipient: str
    token: str
    expires_at: datetime
    recipient_verified: bool | None = None

    def __repr__(self) -> str:
        return f"EmailVerificationRequested(user_id={self.user_id!r}, ***)"


class PasswordResetRequested(Event, frozen=True, kw_only=True):
    """A password reset was requested. `token` authorises the reset and appears in no log."""

    type: ClassVar[str] = "password_reset_requested"
    secret: ClassVar[frozenset[str]] = frozenset({"token"})

    user_id: str
    recipient: str
    token: str
    expires_at: datetime
    recipient_verified: bool | None = None

    def __repr__(self) -> str:
        return f"PasswordResetRequested(user_id={self.user_id!r}, ***)"


class PasswordChanged(Event, frozen=True, kw_only=True):
    """An account's password was changed; its owner is notified."""

    type: ClassVar[str] = "password_changed"

    user_id: str
    recipient: str
    changed_at: datetime
    recipient_verified: bool | None = None


class PasswordRemoved(Event, frozen=True, kw_only=True):
    """The owner of an unverified account's address signed in with a provider, which ended the account's
    password and all other access from before; the owner is notified.
    """

    type: ClassVar[str] = "password_removed"

    user_id: str
    recipient: str
    changed_at: datetime
    recipient_verified: bool | None = None


class EmailChanged(Event, frozen=True, kw_only=True):
    """An account's email address was changed. `recipient` is the previous address."""

    type: ClassVar[str] = "email_changed"

    user_id: str
    recipient: str
    changed_at: datetime
    recipient_verified: bool | None = None


class SecurityEventOccurred(Event, frozen=True, kw_only=True):
    """An event of an account's security, `event` in its activity log; the owner is notified."""

    type: ClassVar[str] = "security_event_occurred"

    user_id: str
    recipient: str
    event: str
    occurred_at: datetime
    recipient_verified: bool | None = None


class OperatorActed(Event, frozen=True, kw_only=True):
    """An operator is about to run a command of a service; auth_service records it in the audit log."""

    type: ClassVar[str] = "operator_acted"

    action: str
    details: dict[str, str]


EVENTS: tuple[type[Event], ...] = tuple(Event.__subclasses__())
