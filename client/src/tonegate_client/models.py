"""Bodies of responses of the public API, with the names of its OpenAPI document.

Times are in UTC, durations in seconds, sizes in bytes. Values that are not known yet are None. Fields that a
later server adds are ignored, and words such as a status are plain strings, so that new ones do no harm.
"""

from datetime import datetime
from typing import Annotated, Any

import msgspec

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
FINAL_STATUSES = frozenset({"completed", "failed", "cancelled", "expired"})


class AudioTrack(msgspec.Struct, frozen=True, kw_only=True):
    """An audio track of the video; `index` is the value of the option `audio_track` that chooses it."""

    index: int
    codec: str
    default: bool
    kind: str
    language: str | None = None
    title: str | None = None
    channels: int | None = None


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The uploaded video."""

    filename: str
    size: int | None = None
    sha256: str | None = None
    duration: float | None = None
    container: str | None = None
    audio_codec: str | None = None
    audio_tracks: list[AudioTrack] | None = None


class Audio(msgspec.Struct, frozen=True, kw_only=True):
    """The converted audio; `bitrate` in bits per second, `gaps` seconds of silence for missing sound."""

    size: int
    duration: float
    format: str
    sha256: str
    url: str
    bitrate: int | None = None
    gaps: float | msgspec.UnsetType = msgspec.UNSET


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a conversion failed."""

    code: str
    message: str


class Options(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Options of a conversion. Omitted ones are those of the source, or defaults of the format."""

    format: str = "mp3"
    bitrate: str | None = None
    quality: int | None = None
    sample_rate: int | None = None
    channels: int | None = None
    start: float | None = None
    end: float | None = None
    audio_track: int | None = None
    loudness: float | None = None
    cover: str | None = None
    title: str | None = None
    artist: str | None = None
    album: str | None = None


class Conversion(msgspec.Struct, frozen=True, kw_only=True):
    """A conversion; `progress` is from 0 to 1, `title` a name in place of the file's."""

    id: str
    status: str
    progress: float
    source: Source
    options: Options
    created_at: Moment
    title: str | None = None
    result: Audio | None = None
    error: Failure | None = None
    started_at: Moment | None = None
    finished_at: Moment | None = None
    expires_at: Moment | None = None

    @property
    def is_final(self) -> bool:
        return self.status in FINAL_STATUSES


class ConversionPage(msgspec.Struct, frozen=True, kw_only=True):
    """Conversions, newest first. `next_cursor` is None on the last page."""

    items: list[Conversion]
    next_cursor: str | None = None


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A signed link, which needs no access token and is valid until `expires_at`."""

    url: str
    expires_at: Moment


class TokenPair(msgspec.Struct, frozen=True, kw_only=True):
    """An access token valid for `expires_in` seconds, and a refresh token for one use."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str


class OwnAccount(msgspec.Struct, frozen=True, kw_only=True):
    """The caller's account."""

    id: str
    email: str
    roles: list[str]
    email_verified: bool
    created_at: Moment
    pending_email: str | None = None


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """An API key without its secret; `hint` is its first characters."""

    id: str
    name: str
    hint: str
    scopes: list[str]
    created_at: Moment
    expires_at: Moment | None
    last_used_at: Moment | None


class MadeApiKey(ApiKey, frozen=True, kw_only=True):
    """A new API key; `key` is returned only once."""

    key: str


class ApiKeyList(msgspec.Struct, frozen=True, kw_only=True):
    """All API keys, newest first."""

    items: list[ApiKey]


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook; `disabled_reason` is `asked`, `gone` or `failing`."""

    id: str
    url: str
    events: list[str]
    status: str
    disabled_reason: str | None
    disabled_at: Moment | None
    failing_since: Moment | None
    created_at: Moment


class MadeWebhook(Webhook, frozen=True, kw_only=True):
    """A webhook with its signing secret, which is returned only once."""

    secret: str


class WebhookList(msgspec.Struct, frozen=True, kw_only=True):
    """All webhooks, newest first."""

    items: list[Webhook]


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to deliver a message; `status` is that of the receiver's response."""

    at: Moment
    status: int | None
    duration: float
    error: str | None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A message to one webhook."""

    id: str
    type: str
    status: str
    created_at: Moment
    next_attempt_at: Moment | None
    delivered_at: Moment | None
    attempts: list[Attempt]
    payload: dict[str, Any]


class DeliveryPage(msgspec.Struct, frozen=True, kw_only=True):
    """Messages to one webhook, newest first. `next_cursor` is None on the last page."""

    items: list[Delivery]
    next_cursor: str | None


class FieldError(msgspec.Struct, frozen=True, kw_only=True):
    """An error in one field of a request."""

    field: str
    message: str


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the server's dependencies, by name."""

    status: str
    checks: dict[str, str]
