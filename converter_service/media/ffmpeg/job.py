"""One conversion for ffmpeg: source file, chosen track, options and target file."""

from pathlib import Path

import msgspec

from converter_service.media.audio_format import Format
from converter_service.media.containers import DECODERS
from converter_service.media.options import Options
from converter_service.media.transcoder import AudioTrack, Fault, MediaError, MediaInfo

# Stands for "to the end".
FOREVER_S = 1e9


class Window(msgspec.Struct, frozen=True):
    """The requested time range, in seconds from the source's start."""

    start_s: float
    end_s: float

    @classmethod
    def of(cls, options: Options) -> "Window":
        return cls(options.start or 0.0, FOREVER_S if options.end is None else options.end)

    def overlap_s(self, start_s: float, end_s: float) -> float:
        return max(0.0, min(end_s, self.end_s) - max(start_s, self.start_s))

    def origin_s(self, track: AudioTrack) -> float:
        """The source time at which the result begins: no silence is put before a track that starts late."""
        return max(self.start_s, track.start_s, 0.0)


class TranscodeJob(msgspec.Struct, frozen=True, kw_only=True):
    source: Path
    info: MediaInfo
    track: AudioTrack
    options: Options
    target: Path

    @property
    def form(self) -> Format:
        return self.options.target

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
    declared = track.duration_s or (None if info.is_estimated else info.duration_s)
    if declared is None:
        return None
    return window.overlap_s(track.start_s, track.start_s + declared)


def choose_track(info: MediaInfo, options: Options) -> AudioTrack:
    """The requested track, else the file's default one, else its first; decodable ones only.

    Raises MediaError.
    """
    tracks = info.audio_tracks
    if not tracks:
        raise MediaError(Fault.NO_AUDIO_TRACK, "The video has no audio track.")
    if options.audio_track is not None:
        if options.audio_track >= len(tracks):
            message = f"There is no audio track {options.audio_track}; the file has {len(tracks)}, from 0."
            raise MediaError(Fault.BAD_OPTIONS, message)
        tracks = (tracks[options.audio_track],)
    known = [track for track in tracks if track.codec in DECODERS]
    if not known:
        message = "The file's audio is of a kind that is not supported."
        raise MediaError(Fault.UNSUPPORTED_MEDIA, message, ", ".join(track.codec for track in tracks))
    return next((track for track in known if track.is_default), known[0])
