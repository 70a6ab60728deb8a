"""The audio tracks of a video as its record keeps them."""

import re

from converter_service.conversions.model import SourceTrack
from converter_service.media.media_info import AudioTrack, MediaInfo

# Records are sent whole with every progress event.
MAX_TRACKS = 64
MAX_TITLE_CHARACTERS = 100
# Ogg has no names of tracks: their tags are the song's.
UNNAMED = frozenset({"ogg"})
# Names that programs give to every track in MP4 ("SoundHandler", "Core Media Audio"), which name none.
GENERIC = re.compile(r".*(handle|handler)|core media audio|iso media.*|soun", re.IGNORECASE)


def describe_tracks(info: MediaInfo) -> tuple[SourceTrack, ...]:
    """The first MAX_TRACKS audio tracks, with titles of bounded length."""
    return tuple(_described(track, info) for track in info.audio_tracks[:MAX_TRACKS])


def _described(track: AudioTrack, info: MediaInfo) -> SourceTrack:
    return SourceTrack(
        index=track.index,
        language=track.language,
        title=None if info.container in UNNAMED else _title(track),
        codec=track.codec,
        channels=track.channels or None,
        default=track.is_default,
        kind=track.kind,
    )


def _title(track: AudioTrack) -> str | None:
    """The track's name; in MP4 it is `handler_name`."""
    handler = track.tags.get("handler_name", "")
    name = track.tags.get("title") or ("" if GENERIC.fullmatch(handler.strip()) else handler)
    return "".join(c if c.isprintable() else " " for c in name).strip()[:MAX_TITLE_CHARACTERS] or None
