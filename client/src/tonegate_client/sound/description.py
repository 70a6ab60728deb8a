"""What a media file holds, as far as a result may depend on it."""

from collections.abc import Mapping

import msgspec

MATROSKA, MP4 = "matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2"
# For libavformat, which would follow a playlist to other files.
FORMATS = f"{MP4},{MATROSKA}"
# Written by whatever wrote the file; results have none of it.
WRITERS_TAGS = frozenset(
    {"major_brand", "minor_version", "compatible_brands", "encoder", "vendor_id", "duration", "bps"}
)
WRITERS_PREFIXES = ("_statistics_", "number_of_")
# Of a file with pictures, how much later these may begin or end.
TOLERANCE_S = 0.1


class AudioTrack(msgspec.Struct, frozen=True):
    codec: str
    start_s: float | None
    tags: Mapping[str, str]
    is_default: bool
    duration_s: float | None = None
    extradata: str = ""


class Chapter(msgspec.Struct, frozen=True):
    start_s: float
    end_s: float
    title: str = ""


class Description(msgspec.Struct, frozen=True):
    """`format` has the names that libavformat gives the container."""

    format: str
    start_s: float | None
    duration_s: float | None
    tags: Mapping[str, str]
    audio: tuple[AudioTrack, ...]
    chapters: tuple[Chapter, ...]
    has_pictures: bool = False
    has_cover: bool = False


def difference(video: Description, sound: Description, tolerance_s: float = TOLERANCE_S) -> str:
    """Names what tells the two apart; empty if a result cannot depend on it."""
    pairs = {
        "clock": (video.start_s, sound.start_s),
        "tags": (kept_tags(video.tags), kept_tags(sound.tags)),
        "audio tracks": ([_kept(each) for each in video.audio], [_kept(each) for each in sound.audio]),
        "chapters": (video.chapters, sound.chapters),
        "duration": (None, None) if _last_as_long(video, sound, tolerance_s) else (1, 2),
    }
    return next((name for name, (one, other) in pairs.items() if one != other), "")


def _last_as_long(video: Description, sound: Description, tolerance_s: float) -> bool:
    if video.duration_s is None or sound.duration_s is None:
        return False
    return abs(video.duration_s - sound.duration_s) <= tolerance_s


def _kept(track: AudioTrack) -> AudioTrack:
    return msgspec.structs.replace(track, tags=kept_tags(track.tags))


def kept_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags that a result may depend on."""
    return {name: text for name, text in tags.items() if not _is_writers(name.lower())}


def _is_writers(name: str) -> bool:
    # Matroska's statistics may have a language: BPS-eng.
    return name.partition("-")[0] in WRITERS_TAGS or name.startswith(WRITERS_PREFIXES)
