"""One conversion as ffmpeg's adapter sees it: which track of which file, which part of it, into what."""

from pathlib import Path

import msgspec

from converter_service.media.containers import DECODERS
from converter_service.media.ffmpeg.verify import Window, expected_s
from converter_service.media.formats import Format
from converter_service.media.options import Options
from converter_service.media.transcoder import AudioTrack, Fault, MediaError, MediaInfo


class Job(msgspec.Struct, frozen=True, kw_only=True):
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
        return expected_s(self.info, self.track, self.window)

    @property
    def likely_s(self) -> float | None:
        """The expected seconds, guesses included: good enough for a progress bar."""
        return self.expected_s or self.info.duration_s


def chosen_track(info: MediaInfo, options: Options) -> AudioTrack:
    """The one asked for, else the file's default one, else its first; only of those that can be decoded."""
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
