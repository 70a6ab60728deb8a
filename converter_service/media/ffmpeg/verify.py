"""Verification that a result holds all of the source's audio.

ffmpeg's exit code 0 does not tell: it is also 0 for a file that was cut off after its index, and for one
whose middle is missing. The result's seconds are compared with what the source declares; where too few came
out, or nothing is declared, the ends of the source's packets decide.
"""

from enum import Enum, auto

from converter_service.media.ffmpeg.packets import SourceExtent
from converter_service.media.ffmpeg.window import Window
from converter_service.media.media_info import AudioTrack, MediaInfo

# Encoder padding, priming and last partial frames together stay below this.
LENGTH_TOLERANCE_S = 0.2


class Verdict(Enum):
    """Result of the check. `GAPS`: all packets came out, but their timestamps leave gaps."""

    WHOLE = auto()
    CUT_OFF = auto()
    DAMAGED = auto()
    GAPS = auto()


def tolerance_s(duration_s: float) -> float:
    """Seconds that may be missing at the end of `duration_s` seconds before they count as lost.

    A frame or two, a fiftieth of short files but at most a second, and a thousandth of long ones, whose
    headers are rounded by muxers.
    """
    return 0.1 + min(1.0, 0.02 * duration_s) + 0.001 * duration_s


def has_expected_length(made_s: float, expected: float | None) -> bool:
    """Whether the result is as long as expected, so that the packets need not be listed."""
    return expected is not None and made_s > 0 and made_s >= expected - LENGTH_TOLERANCE_S


def verdict(
    made_s: float,
    info: MediaInfo,
    track: AudioTrack,
    extent: SourceExtent,
    window: Window,
    *,
    complained: bool,
) -> Verdict:
    """Compares `made_s` seconds of result with the packets of the source; `complained`: the decoder reported
    errors.
    """
    if info.has_own_duration and info.duration_s is not None:
        due_s = min(info.duration_s, window.end_s)
        if extent.file_end_s < due_s - tolerance_s(due_s):
            return Verdict.CUT_OFF
    # A duration tag may be stale after an edit, so a track's own duration counts only together with errors.
    if complained and track.duration_s is not None:
        due_s = min(track.start_s + track.duration_s, window.end_s)
        if extent.audio_end_s < due_s - tolerance_s(due_s):
            return Verdict.CUT_OFF
    # Where timestamps may jump for no reason, only the durations of the packets are meaningful.
    there_s = window.overlap_s(extent.audio_start_s, extent.audio_end_s)
    if not info.has_own_duration:
        there_s = min(there_s, extent.audio_s)
    if made_s >= there_s - tolerance_s(there_s):
        return Verdict.WHOLE
    if complained:
        return Verdict.DAMAGED
    return Verdict.GAPS if info.has_own_duration else Verdict.WHOLE
