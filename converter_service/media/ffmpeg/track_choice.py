"""Chooses the audio track to convert."""

from converter_service.media.decoders import DECODERS
from converter_service.media.errors import Fault, MediaError
from converter_service.media.media_info import AudioTrack, MediaInfo
from converter_service.media.options import Options


def choose_track(info: MediaInfo, options: Options) -> AudioTrack:
    """The requested track, else the programme's default one, else its first; decodable ones only.

    Commentary, narration and dubs are chosen only on request, or if the file has nothing else.

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
        codecs = ", ".join(sorted({track.codec for track in tracks}))
        raise MediaError(Fault.UNSUPPORTED_MEDIA, f"The file's audio ({codecs}) is not supported.", codecs)
    return min(known, key=lambda track: (not track.is_programme, not track.is_default))
