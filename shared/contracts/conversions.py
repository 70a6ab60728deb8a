"""What the converter answers, for the OpenAPI document: the bodies themselves are passed through."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

Status = Literal["uploading", "queued", "converting", "completed", "failed", "cancelled", "expired"]


class Source(msgspec.Struct, frozen=True):
    """The video as it was uploaded; sizes in bytes, durations in seconds."""

    filename: str
    size: int | None = None
    sha256: str | None = None
    duration: float | None = None
    container: str | None = None
    audio_codec: str | None = None


class Audio(msgspec.Struct, frozen=True):
    """The finished audio; `bitrate` in bits per second."""

    size: int
    duration: float
    format: str
    sha256: str
    url: str
    bitrate: int | None = None


class Failure(msgspec.Struct, frozen=True):
    """Why there is no audio."""

    code: Literal[
        "no_audio_track",
        "unreadable_media",
        "unsupported_media",
        "too_long",
        "timed_out",
        "bad_options",
        "internal_error",
    ]
    message: str


class Options(msgspec.Struct, frozen=True):
    """What was asked for; what was left out is the source's own or the format's default."""

    format: Literal["mp3", "m4a", "opus", "flac", "wav"] = "mp3"
    bitrate: str | None = None
    quality: int | None = None
    sample_rate: int | None = None
    channels: Literal[1, 2] | None = None
    start: float | None = None
    end: float | None = None
    audio_track: int | None = None
    loudness: float | None = None
    cover: Literal["auto", "none"] | None = None
    title: str | None = None
    artist: str | None = None
    album: str | None = None


class Conversion(msgspec.Struct, frozen=True):
    """One video on its way to audio. `progress` runs from 0 to 1."""

    id: str
    status: Status
    progress: Annotated[float, msgspec.Meta(ge=0, le=1)]
    source: Source
    options: Options
    created_at: datetime
    result: Audio | None = None
    error: Failure | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    expires_at: datetime | None = None


class LinkWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long the link is to work, in seconds: 30 days at most."""

    expires_in: Annotated[float, msgspec.Meta(ge=1, le=2_592_000)] = 3600


class Link(msgspec.Struct, frozen=True):
    """An address that needs no token until `expires_at`."""

    url: str
    expires_at: datetime


class ConversionPage(msgspec.Struct, frozen=True):
    """Newest first. `next_cursor` is null on the last page."""

    items: tuple[Conversion, ...]
    next_cursor: str | None = None


class ManagedConversion(Conversion, frozen=True, kw_only=True):
    """As administrators see it: with the id of the account that it belongs to."""

    owner_id: str


class ManagedConversionPage(msgspec.Struct, frozen=True):
    """Newest first. `next_cursor` is null on the last page."""

    items: tuple[ManagedConversion, ...]
    next_cursor: str | None = None
