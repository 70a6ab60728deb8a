"""The accepted codecs, as data: allowlists of ffmpeg's audio and picture decoders.

The lists are short on purpose, since each entry is a parser of untrusted bytes. Picture decoders are allowed
for covers only, in a separate process.
"""

from collections.abc import Mapping
from types import MappingProxyType

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
