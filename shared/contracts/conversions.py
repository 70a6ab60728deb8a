"""Request and response bodies of conversions."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

Status = Literal["uploading", "queued", "converting", "completed", "failed", "cancelled", "expired"]


class AudioTrack(msgspec.Struct, frozen=True, kw_only=True):
    """An audio track of the video. `index` is the value of the option `audio_track` that chooses it;
    `language` is an ISO 639 code, `default` whether the file declares it to be the default track.
    """

    index: int
    language: str | None = None
    title: str | None = None
    codec: str
    channels: int | None = None
    default: bool
    kind: Literal["main", "commentary", "audio_description", "hearing_impaired", "dub"]


class Source(msgspec.Struct, frozen=True):
    """The uploaded video. `size` in bytes, `duration` in seconds; `audio_tracks` are the first 64."""

    filename: str
    size: int | None = None
    sha256: str | None = None
    duration: float | None = None
    container: str | None = None
    audio_codec: str | None = None
    audio_tracks: tuple[AudioTrack, ...] | None = None


class Audio(msgspec.Struct, frozen=True, kw_only=True):
    """The converted audio. `bitrate` in bits per second, `duration` in seconds, `size` in bytes. `gaps` is
    there only if sound is missing in the source: the seconds of silence that stand for it, or that could not
    be decoded.
    """

    size: int
    duration: float
    format: str
    bitrate: int | None = None
    sha256: str
    url: str
    gaps: float | msgspec.UnsetType = msgspec.UNSET


class Failure(msgspec.Struct, frozen=True):
    """Why a conversion failed."""

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
    """The requested options. Omitted ones are those of the source, or defaults of the format."""

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
    """A conversion. `progress` is from 0 to 1; values that are not known yet are null. `title` is a name
    in place of the file's, which its owner gave it.
    """

    id: str
    status: Status
    progress: Annotated[float, msgspec.Meta(ge=0, le=1)]
    source: Source
    options: Options
    created_at: datetime
    title: str | None = None
    result: Audio | None = None
    error: Failure | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    expires_at: datetime | None = None


class ConversionChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new title. With null or blanks it has none, and the name of its file counts again."""

    title: Annotated[str, msgspec.Meta(max_length=200, examples=["Interview with Ada"])] | None


class LinkWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The lifetime of a signed link in seconds, at most 30 days. The link ends with its audio in any case."""

    expires_in: Annotated[float, msgspec.Meta(ge=1, le=2_592_000)] = 3600


class Link(msgspec.Struct, frozen=True):
    """A signed link, which needs no access token and is valid until `expires_at`."""

    url: str
    expires_at: datetime


BulkAction = Literal["delete", "retry", "cancel"]
Ids = Annotated[
    tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=64)], ...],
    msgspec.Meta(min_length=1, max_length=100, description="ids of conversions"),
]


class BulkRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An action on up to 100 conversions; each is acted on once, however often it is named."""

    ids: Ids
    action: BulkAction


class BulkError(msgspec.Struct, frozen=True):
    """Why one conversion was left as it is, as the problem of the single call has it. `retry_after` is in
    seconds.
    """

    code: str
    detail: str
    retry_after: int | None = None


class BulkResult(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome for one conversion. `status` is that of the single call, such as 204 or 404; `conversion`
    is null after a deletion, and where there is an `error`.
    """

    id: str
    status: int
    conversion: Conversion | None = None
    error: BulkError | None = None


class BulkAnswer(msgspec.Struct, frozen=True):
    """An outcome for each conversion, in the order of the request."""

    items: tuple[BulkResult, ...]


class ArchiveWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which conversions a link to an archive is for, and its lifetime in seconds, at most an hour."""

    ids: Ids
    expires_in: Annotated[float, msgspec.Meta(ge=1, le=3600)] = 300


class Waveform(msgspec.Struct, frozen=True, kw_only=True):
    """The waveform of the audio, in the JSON form of audiowaveform's data format 2. `data` has two numbers of
    -127 to 127 a pixel, minimum and maximum, for `length` pixels of `samples_per_pixel` samples.
    """

    version: Literal[2] = 2
    channels: Literal[1] = 1
    sample_rate: int
    samples_per_pixel: int
    bits: Literal[8] = 8
    length: int
    data: list[int]


class Chapter(msgspec.Struct, frozen=True):
    """A chapter of the audio, in seconds from its start."""

    start: float
    end: float
    title: str


class ChapterList(msgspec.Struct, frozen=True):
    """The chapters of the audio in their order, at most 255."""

    items: list[Chapter]


class ConversionPage(msgspec.Struct, frozen=True):
    """Conversions, newest first. `next_cursor` is null on the last page."""

    items: tuple[Conversion, ...]
    next_cursor: str | None = None


class ManagedConversion(Conversion, frozen=True, kw_only=True):
    """A conversion as administrators see it, with the id of its account."""

    owner_id: str


class ManagedConversionPage(msgspec.Struct, frozen=True):
    """Conversions, newest first. `next_cursor` is null on the last page."""

    items: tuple[ManagedConversion, ...]
    next_cursor: str | None = None
