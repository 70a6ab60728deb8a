"""Chooses the audio track to convert."""

from converter_service.media.decoders import DECODERS
from converter_service.media.errors import Fault, MediaError
from converter_service.media.ffmpeg.faults import protected
from converter_service.media.media_info import AudioTrack, MediaInfo
from converter_service.media.options import Options
from converter_service.media.track_preference import preferred


def choose_track(info: MediaInfo, options: Options) -> AudioTrack:
    """The requested track, else the preferred one; decodable ones only. Raises MediaError."""
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
        codecs = ", ".join(sorted({track.codec for track in tracks}))
        raise MediaError(Fault.UNSUPPORTED_MEDIA, f"The file's audio ({codecs}) is not supported.", codecs)
    chosen = preferred(known)[0]
    if chosen.is_protected:
        raise protected()
    return chosen
