"""The accepted containers, as data: an allowlist of ffmpeg's demuxers.

Each entry is a parser of untrusted bytes, which runs in the sandbox. Playlists, scripts and image sequences
(hls, dash, concat, image2, imf, sdp, tty …) are left out because they name other files.
"""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec


class Container(msgspec.Struct, frozen=True, kw_only=True):
    """A container format, by the name of ffmpeg's demuxer; `name` is shown to users.

    `track_durations`: files declare the duration of each track. `own_duration`: files declare their duration,
    so that a shorter result is a loss; other files are as long as their packets, whose timestamps may jump.
    `one_duration`: what ffprobe reports for each track is the file's. `ends_on_clock`: a declared duration
    may be the time on the file's clock at which it ends, too long if that clock does not begin at 0.
    `counts_empty`: the declared duration of sound includes empty chunks before it, which libavformat skips.
    `has_clock`: packets have timestamps in the file. Without, ffmpeg adds up the packets' durations, which it
    computes with the first sample rate even where that changes.
    """

    demuxer: str
    name: str
    track_durations: bool = False
    own_duration: bool = True
    one_duration: bool = False
    ends_on_clock: bool = False
    counts_empty: bool = False
    has_clock: bool = True


# Files of these declare how long they are.
_INDEXED = "ape dsf gxf iff mpc mpc8 mxf qcp rm tak tta wv"
# As long as their packets, or with a duration that is computed from a bit rate.
_STREAMED = "aea dhav dss dv nistsphere oma shn voc"
# The same, and nothing but frames with a header each.
_RAW = "aac ac3 amr dts dtshd eac3 loas mlp truehd"

_CONTAINERS = (
    Container(demuxer="mov", name="mp4", track_durations=True, ends_on_clock=True),
    Container(demuxer="matroska", name="mkv", ends_on_clock=True),
    Container(demuxer="avi", name="avi", track_durations=True, counts_empty=True),
    Container(demuxer="flv", name="flv", ends_on_clock=True),
    # ffmpeg's other demuxer of the same format, for recordings of nginx-rtmp.
    Container(demuxer="live_flv", name="flv", ends_on_clock=True),
    Container(demuxer="mpegts", name="ts", own_duration=False),
    Container(demuxer="mpeg", name="mpg", own_duration=False),
    Container(demuxer="ogg", name="ogg", own_duration=False),
    Container(demuxer="asf", name="wmv", one_duration=True, ends_on_clock=True),
    Container(demuxer="nut", name="nut", ends_on_clock=True),
    Container(demuxer="wtv", name="wtv", ends_on_clock=True),
    Container(demuxer="wav", name="wav", track_durations=True),
    Container(demuxer="w64", name="w64", track_durations=True),
    Container(demuxer="mp3", name="mp3", track_durations=True, has_clock=False),
    Container(demuxer="flac", name="flac", track_durations=True),
    Container(demuxer="aiff", name="aiff", track_durations=True),
    Container(demuxer="caf", name="caf", track_durations=True),
    Container(demuxer="au", name="au", track_durations=True),
    *(Container(demuxer=name, name=name) for name in _INDEXED.split()),
    *(Container(demuxer=name, name=name, own_duration=False) for name in _STREAMED.split()),
    *(Container(demuxer=name, name=name, own_duration=False, has_clock=False) for name in _RAW.split()),
)

CONTAINERS: Mapping[str, Container] = MappingProxyType({c.demuxer: c for c in _CONTAINERS})
WITHOUT_CLOCK = frozenset(c.name for c in _CONTAINERS if not c.has_clock)
# The names that files of one demuxer may have.
MP4_FAMILY = frozenset({"mp4", "mov", "m4a", "3gp"})
MATROSKA_FAMILY = frozenset({"mkv", "mka", "webm"})


def find_container(demuxer_names: str) -> Container | None:
    """Looks a container up by ffprobe's `format_name`, aliases such as `mov,mp4,m4a,3gp,3g2,mj2`."""
    return CONTAINERS.get(demuxer_names.split(",", 1)[0])
