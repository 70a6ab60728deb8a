"""The declared properties of a media file: audio tracks, pictures, chapters."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

import msgspec


class TrackKind(StrEnum):
    """What an audio track is for. `DUB` is another language's voices, or sound without voices for dubbing."""

    MAIN = "main"
    COMMENTARY = "commentary"
    AUDIO_DESCRIPTION = "audio_description"
    HEARING_IMPAIRED = "hearing_impaired"
    DUB = "dub"


class AudioTrack(msgspec.Struct, frozen=True, kw_only=True):
    """An audio stream; `index` counts audio streams only, `stream` all of them, both from 0.

    `channels` and `sample_rate` are 0 if unknown; `layout` is ffprobe's name, or empty. `start_s` counts from
    the file's start; `is_start_assumed`: it may be the file's own, for lack of a packet of the track.
    `bits` per sample are 0 for lossy codecs.
    `duration_s` is declared for this stream, None if it is not. `is_empty`: no frame of it can be decoded,
    which is known only of tracks that would be chosen before others. `is_protected`: it is encrypted.
    """

    index: int
    stream: int
    codec: str
    channels: int
    sample_rate: int
    layout: str = ""
    bits: int = 0
    start_s: float = 0.0
    is_start_assumed: bool = False
    duration_s: float | None = None
    language: str | None = None
    is_default: bool = False
    is_empty: bool = False
    is_protected: bool = False
    kind: TrackKind = TrackKind.MAIN
    tags: Mapping[str, str] = MappingProxyType({})


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A video stream or, if `is_attached`, cover art; `is_front`: declared to be the front cover."""

    stream: int
    codec: str
    is_attached: bool = False
    is_front: bool = False


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
    result is a loss; `least_s` is the part of it that is sure to be there, if that is not all; `most_s` is
    the longer one of two durations that the same declaration may mean; `is_deep`: tracks were searched for
    far behind the file's start; `has_strays`: a track may go on as another one. `tag_lists` are tags with
    several values, `cover_file` is a copy of the front cover. `tags`, `chapters` and `pictures` are untrusted
    and not validated.
    """

    container: str
    duration_s: float | None
    audio_tracks: tuple[AudioTrack, ...]
    start_s: float = 0.0
    is_estimated: bool = False
    has_own_duration: bool = False
    least_s: float | None = None
    most_s: float | None = None
    is_deep: bool = False
    has_strays: bool = False
    tags: Mapping[str, str] = MappingProxyType({})
    tag_lists: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    cover_file: Path | None = None
    chapters: tuple[Chapter, ...] = ()
    pictures: tuple[Picture, ...] = ()
