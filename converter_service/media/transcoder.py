"""What a transcoder is asked, what it answers, and the two ways in which it fails."""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import msgspec

from converter_service.media.options import Options

Progress = Callable[[float], Awaitable[None]]
"""Takes the share that is done, 0.0 … 1.0, never decreasing, at most twice a second."""


class Fault(StrEnum):
    """Why a conversion failed for good: the public error codes."""

    NO_AUDIO_TRACK = "no_audio_track"
    UNREADABLE_MEDIA = "unreadable_media"
    UNSUPPORTED_MEDIA = "unsupported_media"
    TOO_LONG = "too_long"
    TIMED_OUT = "timed_out"
    BAD_OPTIONS = "bad_options"
    INTERNAL_ERROR = "internal_error"


class MediaError(Exception):
    """The file, or what was asked of it, is at fault: trying again gives the same.

    `message` is a sentence for the owner of the file: no path, no library's words.
    `diagnosis` is for the log: the last words of the tool that gave up.
    """

    def __init__(self, code: Fault, message: str, diagnosis: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.diagnosis = diagnosis


class TranscoderUnavailable(Exception):
    """Not the file's fault, as far as can be told (killed from outside, a broken result): try again later."""


class MachineUnfit(TranscoderUnavailable):
    """Certainly not: no file would fare better here (no room on the disk, no ffmpeg, no process to spare)."""


class AudioTrack(msgspec.Struct, frozen=True, kw_only=True):
    """One audio stream; `index` counts audio streams only, `stream` all of them, both from 0. `start_s`
    counts from the file's start.

    `duration_s` is what the file declares for this very stream, `None` when it declares nothing.
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
    """A video stream, or, when it `is_attached`, a picture that stands beside the sound."""

    stream: int
    codec: str
    is_attached: bool = False


class Chapter(msgspec.Struct, frozen=True):
    """From where to where, in seconds from the file's start; the title is whatever the file says."""

    start_s: float
    end_s: float
    title: str = ""


class MediaInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says of itself; it may have no `audio_tracks`.

    `container` is a short name such as `mp4`. `start_s` is the timestamp at which the file begins.
    `duration_s` is the whole file's duration (its longest stream), `None` when that is unknown (a live
    recording); `is_estimated` when it was guessed from a bit rate, and is fit for a progress bar only;
    `has_own_duration` when the file says it of itself, so that less than that is a loss. `tags`, `chapters`
    and `pictures` are the file's own, as they are: nobody has looked at them yet.
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
    """A verified result. `bitrate_bps` is the average of what was written, `duration_s` what was decoded."""

    format: str
    bitrate_bps: int
    duration_s: float
    size_bytes: int
    path: Path


class Transcoder(Protocol):
    """Turns media files that nobody vouches for into verified audio.

    Both calls raise `MediaError` (permanent) or `TranscoderUnavailable` (transient). Cancelling either ends
    everything it started before the cancellation is passed on.
    """

    async def probe(self, source: Path) -> MediaInfo:
        """Read what the file says of itself; nothing of it is believed that a conversion depends on.

        Whether it can be converted is `convert`'s to judge, so that what was found can be told either way.
        """

    async def convert(
        self, source: Path, info: MediaInfo, options: Options, target: Path, on_progress: Progress
    ) -> Output:
        """Write `target`, and return only when it has been decoded and is as long as the source's audio.

        A failed or cancelled conversion leaves no `target`.
        """
