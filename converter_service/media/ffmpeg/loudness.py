"""Loudness after EBU R128 (ITU-R BS.1770): what ffmpeg measured, and how to bring it to what was asked."""

import re

import msgspec

# Lossy encoders overshoot by some tenths; EBU R128 allows -1 dBTP in the end.
CEILING_DBTP = -1.5
# What EBU R128 allows programmes that are not live.
TOLERANCE_LU = 0.5
# Below its gate of -70 LUFS nothing is heard: silence, or less than 0.4 s of sound.
GATE_LUFS = -70.0
# What loudnorm's options take.
LOWEST_LUFS, LARGEST_RANGE_LU, SMALLEST_RANGE_LU = -99.0, 50.0, 7.0
MEASURED_RANGE_LU = 0.1

_SUMMARY = re.compile(
    r"I:\s+(?P<integrated>\S+) LUFS\s+Threshold:\s+(?P<threshold>\S+) LUFS"
    r".*?LRA:\s+(?P<range>\S+) LU\b"
    r".*?True peak:\s+Peak:\s+(?P<peak>\S+) dBFS",
    re.DOTALL,
)


class Loudness(msgspec.Struct, frozen=True, kw_only=True):
    """Integrated loudness and its gate's threshold, the range, and the true peak."""

    integrated_lufs: float
    threshold_lufs: float
    range_lu: float
    peak_dbtp: float

    @property
    def is_heard(self) -> bool:
        return self.integrated_lufs > GATE_LUFS


def measured_in(printed: str) -> Loudness:
    """From the summary that ffmpeg's filter `ebur128` prints last. Raises ValueError when there is none."""
    found = _SUMMARY.search(printed[printed.rfind("Summary:") :])
    if found is None:
        raise ValueError("no loudness was measured")
    return Loudness(
        integrated_lufs=float(found["integrated"]),
        threshold_lufs=float(found["threshold"]),
        range_lu=float(found["range"]),
        peak_dbtp=max(-99.0, float(found["peak"])),
    )


def normalising(measured: Loudness, wanted_lufs: float) -> dict[str, float | str]:
    """Arguments of `loudnorm`: one gain for all of it where the peaks allow, else it follows the sound.

    The range asked for is the source's own, since nobody asked to have it made smaller. What loudnorm takes
    for "not measured" (a range or a loudness of exactly 0) is avoided.
    """
    return {
        "I": max(GATE_LUFS, min(-5.0, wanted_lufs)),
        "TP": CEILING_DBTP,
        "LRA": min(LARGEST_RANGE_LU, max(SMALLEST_RANGE_LU, measured.range_lu + MEASURED_RANGE_LU)),
        "measured_I": max(LOWEST_LUFS, min(-0.01, measured.integrated_lufs)),
        "measured_LRA": min(LARGEST_RANGE_LU, max(MEASURED_RANGE_LU, measured.range_lu)),
        "measured_TP": max(-99.0, min(98.0, measured.peak_dbtp)),
        "measured_thresh": max(GATE_LUFS + 0.1, min(-0.01, measured.threshold_lufs)),
        "linear": "true",
    }


def is_met(result: Loudness, wanted_lufs: float) -> bool:
    return abs(result.integrated_lufs - wanted_lufs) <= TOLERANCE_LU


def corrected(wanted_lufs: float, result: Loudness) -> float:
    """What to aim at so that what an encoder took away, or a limiter, is made up for."""
    return wanted_lufs + (wanted_lufs - result.integrated_lufs)
