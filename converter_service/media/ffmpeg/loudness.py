"""Loudness normalisation after EBU R128 (ITU-R BS.1770): measurements and the arguments of `loudnorm`."""

import re

import msgspec

# Lossy encoders overshoot by some tenths; EBU R128 allows -1 dBTP in the end.
CEILING_DBTP = -1.5
# The deviation that EBU R128 allows for programmes that are not live.
TOLERANCE_LU = 0.5
# The absolute gate: silence and less than 0.4 s of sound measure -70 LUFS.
GATE_LUFS = -70.0
# The ranges of loudnorm's options.
LOWEST_LUFS, LARGEST_RANGE_LU, SMALLEST_RANGE_LU = -99.0, 50.0, 7.0
MEASURED_RANGE_LU = 0.1

_SUMMARY = re.compile(
    r"I:\s+(?P<integrated>\S+) LUFS\s+Threshold:\s+(?P<threshold>\S+) LUFS"
    r".*?LRA:\s+(?P<range>\S+) LU\b"
    r".*?True peak:\s+Peak:\s+(?P<peak>\S+) dBFS",
    re.DOTALL,
)


class Loudness(msgspec.Struct, frozen=True, kw_only=True):
    """Integrated loudness, its relative gate, loudness range and true peak."""

    integrated_lufs: float
    threshold_lufs: float
    range_lu: float
    peak_dbtp: float

    @property
    def is_audible(self) -> bool:
        return self.integrated_lufs > GATE_LUFS


def parse_summary(printed: str) -> Loudness:
    """Parses the summary that ffmpeg's filter `ebur128` prints last. Raises ValueError if there is none."""
    found = _SUMMARY.search(printed[printed.rfind("Summary:") :])
    if found is None:
        raise ValueError("no loudness was measured")
    return Loudness(
        integrated_lufs=float(found["integrated"]),
        threshold_lufs=float(found["threshold"]),
        range_lu=float(found["range"]),
        peak_dbtp=max(-99.0, float(found["peak"])),
    )


def loudnorm_arguments(measured: Loudness, wanted_lufs: float) -> dict[str, float | str]:
    """Arguments of `loudnorm`: one constant gain where the peaks allow it, else dynamic gain.

    The target range is the source's own, so that dynamics are kept. Values that loudnorm takes for "not
    measured" (a range or a loudness of exactly 0) are avoided.
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


def is_within_tolerance(result: Loudness, wanted_lufs: float) -> bool:
    return abs(result.integrated_lufs - wanted_lufs) <= TOLERANCE_LU


def corrected_target(wanted_lufs: float, result: Loudness) -> float:
    """The target for a second pass that makes up for loss in the encoder or limiter."""
    return wanted_lufs + (wanted_lufs - result.integrated_lufs)
