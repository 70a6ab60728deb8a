"""The accepted codecs, as data: allowlists of ffmpeg's audio and picture decoders.

Each entry is a parser of untrusted bytes, which runs in the sandbox. Decoders that a build of ffmpeg lacks
make its files unsupported there. Picture decoders are allowed
for covers only, in a separate process.
"""

from collections.abc import Mapping
from types import MappingProxyType

# Codecs whose only allowed decoder has the same name.
_NAMESAKES = (
    "aac aac_latm ac3 adpcm_ct adpcm_ima_amv adpcm_ima_qt adpcm_ima_wav adpcm_ms adpcm_sbpro_2 "
    "adpcm_sbpro_3 adpcm_sbpro_4 adpcm_swf adpcm_yamaha alac ape atrac1 atrac3 atrac3al cook dsd_lsbf "
    "dsd_lsbf_planar dsd_msbf dsd_msbf_planar dss_sp dst eac3 evrc flac g723_1 mace3 mace6 mlp nellymoser "
    "pcm_alaw pcm_s16be_planar pcm_s16le_planar pcm_s24le_planar pcm_s32le_planar pcm_s64be pcm_s64le "
    "pcm_s8_planar pcm_u16be pcm_u16le pcm_u24be pcm_u24le pcm_u32be pcm_u32le qcelp qdm2 qdmc ralf s302m "
    "shorten sipr tak tta wavpack pcm_bluray pcm_dvd pcm_f32be pcm_f32le pcm_f64be pcm_f64le pcm_mulaw "
    "pcm_s16be pcm_s16le pcm_s24be pcm_s24le pcm_s32be pcm_s32le pcm_s8 pcm_u8 truehd wmalossless wmapro "
    "wmav1 wmav2 wmavoice"
)
# Codec, by ffprobe's name, to the decoders that are allowed for it.
DECODERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **{name: (name,) for name in _NAMESAKES.split()},
        "adpcm_g722": ("g722",),
        "adpcm_g726": ("g726",),
        "adpcm_g726le": ("g726le",),
        "atrac3p": ("atrac3plus",),
        "atrac3pal": ("atrac3plusal",),
        "mp4als": ("als",),
        "musepack7": ("mpc7",),
        "musepack8": ("mpc8",),
        "ra_144": ("real_144",),
        "ra_288": ("real_288",),
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
