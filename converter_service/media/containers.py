"""The accepted containers and codecs, as data: allowlists of ffmpeg's demuxers and decoders.

The lists are short on purpose, since each entry is a parser of untrusted bytes. Playlists, scripts and image
sequences (hls, dash, concat, image2, sdp, tty …) are left out because they name other files. Picture decoders
are allowed for covers only, in a separate process.
"""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec


class Container(msgspec.Struct, frozen=True, kw_only=True):
    """A container format, by the name of ffmpeg's demuxer; `name` is shown to users.

    `track_durations`: files declare the duration of each track. `own_duration`: files declare their duration,
    so that a shorter result is a loss; other files are as long as their packets, whose timestamps may jump.
    """

    demuxer: str
    name: str
    track_durations: bool = False
    own_duration: bool = True


_CONTAINERS = (
    Container(demuxer="mov", name="mp4", track_durations=True),
    Container(demuxer="matroska", name="mkv"),
    Container(demuxer="avi", name="avi", track_durations=True),
    Container(demuxer="flv", name="flv"),
    Container(demuxer="mpegts", name="ts", own_duration=False),
    Container(demuxer="mpeg", name="mpg", own_duration=False),
    Container(demuxer="ogg", name="ogg", own_duration=False),
    Container(demuxer="asf", name="wmv"),
    Container(demuxer="wav", name="wav", track_durations=True),
    Container(demuxer="w64", name="w64", track_durations=True),
    Container(demuxer="mp3", name="mp3", track_durations=True),
    Container(demuxer="flac", name="flac", track_durations=True),
    Container(demuxer="aac", name="aac", own_duration=False),
    Container(demuxer="ac3", name="ac3", own_duration=False),
    Container(demuxer="eac3", name="eac3", own_duration=False),
    Container(demuxer="amr", name="amr", own_duration=False),
    Container(demuxer="aiff", name="aiff", track_durations=True),
    Container(demuxer="caf", name="caf", track_durations=True),
    Container(demuxer="au", name="au", track_durations=True),
)

CONTAINERS: Mapping[str, Container] = MappingProxyType({c.demuxer: c for c in _CONTAINERS})

# Codecs whose only allowed decoder has the same name.
_NAMESAKES = (
    "aac aac_latm ac3 adpcm_ima_qt adpcm_ima_wav adpcm_ms adpcm_swf alac eac3 flac nellymoser pcm_alaw "
    "pcm_bluray pcm_dvd pcm_f32be pcm_f32le pcm_f64be pcm_f64le pcm_mulaw pcm_s16be pcm_s16le pcm_s24be "
    "pcm_s24le pcm_s32be pcm_s32le pcm_s8 pcm_u8 truehd wmalossless wmapro wmav1 wmav2 wmavoice"
)
# Codec, by ffprobe's name, to the decoders that are allowed for it.
DECODERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **{name: (name,) for name in _NAMESAKES.split()},
        "amr_nb": ("amrnb", "libopencore_amrnb"),
        "amr_wb": ("amrwb", "libopencore_amrwb"),
        "dts": ("dca",),
        "gsm": ("gsm", "libgsm"),
        "gsm_ms": ("gsm_ms", "libgsm_ms"),
        "mp1": ("mp1float", "mp1"),
        "mp2": ("mp2float", "mp2"),
        "mp3": ("mp3float", "mp3"),
        "opus": ("opus", "libopus"),
        "speex": ("speex", "libspeex"),
        "vorbis": ("vorbis", "libvorbis"),
    }
)

_PICTURE_NAMESAKES = (
    "bmp gif h263 h264 hevc mjpeg mpeg1video mpeg2video mpeg4 png theora vc1 webp wmv1 wmv2 wmv3"
)
# The same for covers: attached pictures, and frames of common video codecs.
PICTURE_DECODERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **{name: (name,) for name in _PICTURE_NAMESAKES.split()},
        "av1": ("libdav1d", "av1"),
        "flv1": ("flv",),
        "msmpeg4v3": ("msmpeg4",),
        "vp8": ("vp8", "libvpx"),
        "vp9": ("vp9", "libvpx-vp9"),
    }
)


def find_container(demuxer_names: str) -> Container | None:
    """Looks a container up by ffprobe's `format_name`, aliases such as `mov,mp4,m4a,3gp,3g2,mj2`."""
    return CONTAINERS.get(demuxer_names.split(",", 1)[0])
