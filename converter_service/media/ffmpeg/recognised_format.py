"""The format as which ffprobe recognises a file that it may not open, from its debug output."""

import re

from converter_service.media.containers import find_container
from converter_service.media.errors import Fault, MediaError
from converter_service.media.ffmpeg.faults import foreign
from converter_service.media.foreign_formats import ForeignFormat, Reason

# libavformat prints this before it checks the allowlist (unchanged since 2014).
PROBED = re.compile(r"Format (\S+) probed with size=\d+ and score=(\d+)")
# A file extension alone, which sources here do not have, gives 50; uncertain formats give less.
CERTAIN_SCORE = 50
_IMAGE_NAMES = "apng gif ico image2 jpegxl_anim pictor svg tiff webp"
_SUBTITLE_NAMES = (
    "ass aqtitle eia608 jacosub lrc microdvd mpl2 mpsub pjs realtext sami scc srt stl subviewer subviewer1"
    " sup tedcaptions ttml vobsub vplayer webvtt"
)
_VIDEO_NAMES = (
    "av1 avs2 avs3 cavsvideo dirac evc h261 h263 h264 hevc ivf m4v mjpeg mjpeg_2000 mpegvideo obu vc1 vvc"
    " yuv4mpegpipe"
)
_IMAGES = frozenset(_IMAGE_NAMES.split())
_SUBTITLES = frozenset(_SUBTITLE_NAMES.split())
_PICTURES_ONLY = frozenset(_VIDEO_NAMES.split())
_REFERENCES = {
    "concat": "a list of files for ffmpeg",
    "dash": "a DASH manifest",
    "hls": "an HLS playlist",
    "imf": "an IMF package",
    "rtsp": "an RTSP address",
    "sdp": "an SDP description",
}


def refused_format(output: str) -> MediaError | None:
    """The error to raise for a file of a known format that is not accepted; None if ffprobe does not know the
    file for certain, or would open it.
    """
    found = [name for name, score in PROBED.findall(output) if int(score) > CERTAIN_SCORE]
    if not found or find_container(found[-1]) is not None:
        return None
    name = found[-1].split(",", 1)[0]
    if name in _PICTURES_ONLY:
        return MediaError(Fault.NO_AUDIO_TRACK, "The video has no audio track.", name)
    return foreign(_named(name), name)


def _named(name: str) -> ForeignFormat:
    if name in _REFERENCES:
        return ForeignFormat(_REFERENCES[name], Reason.REFERENCES)
    if name in _IMAGES or name.endswith("_pipe"):
        return ForeignFormat("an image")
    if name in _SUBTITLES:
        return ForeignFormat("a subtitle file")
    return ForeignFormat(f"of the format {name}", Reason.UNSUPPORTED)
