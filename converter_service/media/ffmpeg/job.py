"""One conversion for ffmpeg: source file, chosen track, options and target file."""

from pathlib import Path

import msgspec

from converter_service.media.audio_format import Format
from converter_service.media.ffmpeg.window import Window
from converter_service.media.media_info import AudioTrack, MediaInfo
from converter_service.media.options import Options


class TranscodeJob(msgspec.Struct, frozen=True, kw_only=True):
    """`decoder` is that of the track; None leaves the choice to ffmpeg."""

    source: Path
    info: MediaInfo
    track: AudioTrack
    options: Options
    target: Path
    keeps_private_tags: bool = False
    decoder: str | None = None

    @property
    def form(self) -> Format:
        return self.options.target.for_bits(self.track.bits)

    @property
    def window(self) -> Window:
        return Window.of(self.options)

    @property
    def expected_s(self) -> float | None:
        """Seconds that the result should have; None if the file declares no duration."""
        return expected_s(self.info, self.track, self.window)

    @property
    def likely_s(self) -> float | None:
        """Expected seconds, estimates included: for progress only."""
        return self.expected_s or self.info.duration_s

    @property
    def metadata_path(self) -> Path:
        """The FFMETADATA file that is muxed into the result besides the audio."""
        return self.target.with_name(f"{self.target.name}.metadata")

    @property
    def cover_path(self) -> Path:
        """The JPEG that is muxed into the result, if the source has a usable picture."""
        return self.target.with_name(f"{self.target.name}.cover")


def expected_s(info: MediaInfo, track: AudioTrack, window: Window) -> float | None:
    """Seconds of `track` within `window`; None if neither track nor file declares a reliable duration."""
    if track.duration_s:
        return window.overlap_s(track.start_s, track.start_s + track.duration_s)
    if info.is_estimated or info.duration_s is None:
        return None
    return window.overlap_s(track.start_s, info.duration_s)
