"""The transcoder port: what it takes and returns, and its permanent and transient errors."""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import msgspec

from converter_service.media.options import Options

Progress = Callable[[float], Awaitable[None]]
"""Called with the share that is done, 0.0 … 1.0, never decreasing, at most twice a second."""


class Fault(StrEnum):
    """The public error codes of conversions that failed permanently."""

    NO_AUDIO_TRACK = "no_audio_track"
    UNREADABLE_MEDIA = "unreadable_media"
    UNSUPPORTED_MEDIA = "unsupported_media"
    TOO_LONG = "too_long"
    TIMED_OUT = "timed_out"
    BAD_OPTIONS = "bad_options"
    INTERNAL_ERROR = "internal_error"


class MediaError(Exception):
    """Permanent error in the file or the options: a retry gives the same.

    `message` is a sentence for the file's owner, without paths or library output. `diagnosis` is for the log:
    the end of the failed program's error output.
    """

    def __init__(self, code: Fault, message: str, diagnosis: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.diagnosis = diagnosis


class TranscoderUnavailable(Exception):
    """Transient error, probably not caused by the file (program killed, broken result): retry later."""


class MachineUnfit(TranscoderUnavailable):
    """Transient error of the machine, which any file would meet (disk full, no ffmpeg, no process)."""


class AudioTrack(msgspec.Struct, frozen=True, kw_only=True):
    """An audio stream; `index` counts audio streams only, `stream` all of them, both from 0.

    `start_s` counts from the file's start. `duration_s` is declared for this stream, None if it is not.
    """

    index: int
    stream: int
    codec: str
    channels: int
    sample_rate: int
    start_s: float = 0.0
    duration_s: float | None = None
    language: str | None = None
    is_default: bool = False
    tags: Mapping[str, str] = MappingProxyType({})


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A video stream or, if `is_attached`, cover art."""

    stream: int
    codec: str
    is_attached: bool = False


class Chapter(msgspec.Struct, frozen=True):
    """A chapter, in seconds from the file's start; the title is untrusted text."""

    start_s: float
    end_s: float
    title: str = ""


class MediaInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The declared properties of a file; it may have no `audio_tracks`.

    `container` is a short name such as `mp4`. `start_s` is the timestamp at which the file begins.
    `duration_s` is that of its longest stream, None if unknown (a live recording); `is_estimated`: it is
    computed from a bit rate and good for progress only; `has_own_duration`: it is declared, so that a shorter
    result is a loss. `tags`, `chapters` and `pictures` are untrusted and not validated.
    """

    container: str
    duration_s: float | None
    audio_tracks: tuple[AudioTrack, ...]
    start_s: float = 0.0
    is_estimated: bool = False
    has_own_duration: bool = False
    tags: Mapping[str, str] = MappingProxyType({})
    chapters: tuple[Chapter, ...] = ()
    pictures: tuple[Picture, ...] = ()


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """A verified result. `bitrate_bps` is the average bit rate, `duration_s` the decoded duration."""

    format: str
    bitrate_bps: int
    duration_s: float
    size_bytes: int
    path: Path


class Transcoder(Protocol):
    """Turns untrusted media files into verified audio.

    Both methods raise `MediaError` (permanent) or `TranscoderUnavailable` (transient). When cancelled, they
    end all processes that they started before CancelledError propagates.
    """

    async def probe(self, source: Path) -> MediaInfo:
        """Reads the file's declared properties.

        A file that cannot be converted is no error here: `convert` raises it, so that the properties can be
        shown in any case.
        """

    async def convert(
        self, source: Path, info: MediaInfo, options: Options, target: Path, on_progress: Progress
    ) -> Output:
        """Writes `target` and verifies that it can be decoded and is as long as the source's audio.

        A failed or cancelled conversion leaves no `target`.
        """
