"""The transcoder port. The docstrings are the contract."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import msgspec

from converter_service.media.media_info import Chapter, MediaInfo
from converter_service.media.options import Options
from converter_service.media.waveform import Waveform

Progress = Callable[[float], Awaitable[None]]
"""Called with the share that is done, 0.0 … 1.0, never decreasing, at most twice a second."""


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """A verified result. `bitrate_bps` is the average bit rate, `duration_s` the decoded duration.

    `gaps_s` are seconds of the source without sound, mostly silence in the result; `source_duration_s` is the
    source's duration, if the conversion found it out; `sample_rate_hz` is 0 if unknown. `chapters` are timed
    from the start of the result, also where its format cannot carry them.
    """

    format: str
    bitrate_bps: int
    duration_s: float
    size_bytes: int
    path: Path
    gaps_s: float = 0.0
    source_duration_s: float | None = None
    sample_rate_hz: int = 0
    chapters: tuple[Chapter, ...] = ()


class Transcoder(Protocol):
    """Turns untrusted media files into verified audio.

    `probe` and `convert` raise `MediaError` (permanent) or `TranscoderUnavailable` (transient). When
    cancelled, all methods end the processes that they started before CancelledError propagates.
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

    async def waveform(self, output: Output) -> Waveform | None:
        """The waveform of a result that `convert` has written; None if it cannot be made."""
