"""Verification that a result holds all of the source's audio.

ffmpeg's exit code 0 does not tell: it is also 0 for a file that was cut off after its index, and for one
whose middle is missing. The seconds of sound in the result, without silence put into gaps, are compared
with what the source declares; where they differ, or nothing is declared, the source's packets decide.
"""

from enum import Enum, auto

from converter_service.media.ffmpeg.packets import SourceExtent
from converter_service.media.ffmpeg.window import Window
from converter_service.media.media_info import AudioTrack, MediaInfo

# Encoder padding, priming and last partial frames together stay below this.
LENGTH_TOLERANCE_S = 0.2


class Verdict(Enum):
    """Result of the check. `DAMAGED`: sound is missing, and the decoder reported errors."""

    WHOLE = auto()
    CUT_OFF = auto()
    DAMAGED = auto()


def tolerance_s(duration_s: float) -> float:
    """Seconds that may be missing at the end of `duration_s` seconds before they count as lost; as many may
    be too many before the result counts as broken.

    A frame or two, a fiftieth of short files but at most a second, and a thousandth of long ones, whose
    headers are rounded by muxers.
    """
    return 0.1 + min(1.0, 0.02 * duration_s) + 0.001 * duration_s


def has_expected_length(sound_s: float, expected: float | None) -> bool:
    """Whether the result has as much sound as expected, so that the packets need not be listed."""
    return expected is not None and sound_s > 0 and abs(sound_s - expected) <= LENGTH_TOLERANCE_S


def excess_s(sound_s: float, expected: float | None, extent: SourceExtent, window: Window) -> float:
    """Seconds of sound in the result that its source cannot have; 0.0 if it may have all.

    Either of the packets' sum, the time line that they cover and the declared duration may be too small:
    packets may overlap, or lack a duration of their own, and headers are wrong. A result that exceeds all of
    them is not made of this source alone. Nothing is known of packets without durations.
    """
    if not extent.is_timed:
        return 0.0
    covered_s = window.overlap_s(extent.audio_start_s, extent.audio_end_s)
    most_s = max(extent.audio_s + extent.rounding_s, covered_s, expected or 0.0)
    excess = sound_s - most_s
    return excess if excess > tolerance_s(most_s) else 0.0


def verdict(
    sound_s: float,
    info: MediaInfo,
    track: AudioTrack,
    extent: SourceExtent,
    window: Window,
    *,
    complained: bool,
) -> Verdict:
    """Compares `sound_s` seconds of sound in the result with the packets of the source; `complained`: the
    decoder reported errors.
    """
    at_most_s = min(info.least_s or window.end_s, window.end_s)
    if info.has_own_duration and (declared_s := _declared_s(info, extent)) is not None:
        due_s = min(declared_s, at_most_s)
        if extent.file_end_s < due_s - tolerance_s(due_s):
            return Verdict.CUT_OFF
    # A duration tag may be stale after an edit, so a track's own duration counts only together with errors.
    # One that was computed from the bit rate at the file's beginning does not count.
    if complained and track.duration_s is not None and not info.is_estimated:
        due_s = min(track.start_s + track.duration_s, at_most_s)
        if extent.audio_end_s < due_s - tolerance_s(due_s):
            return Verdict.CUT_OFF
    # Without an error, the packets' durations may be wrong; `losses` then tells what is missing.
    is_short = sound_s < extent.audio_s - tolerance_s(extent.audio_s)
    return Verdict.DAMAGED if complained and is_short else Verdict.WHOLE


def _declared_s(info: MediaInfo, extent: SourceExtent) -> float | None:
    """The file's declared duration: the longer one of two, where its packets exceed the shorter one."""
    if info.duration_s is None or info.most_s is None:
        return info.duration_s
    is_longer = extent.file_end_s > info.duration_s + tolerance_s(info.duration_s)
    return info.most_s if is_longer else info.duration_s
