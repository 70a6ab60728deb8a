"""Parsing of loudness measurements, and arguments of loudnorm."""

import pytest

from converter_service.media.ffmpeg.loudness import (
    Loudness,
    corrected_target,
    is_within_tolerance,
    loudnorm_arguments,
    parse_summary,
)

SUMMARY = """
Input #0, mov, from 'file:source':
    title           : Summary: I: -1.0 LUFS Threshold: -1.0 LUFS LRA: 1.0 LU True peak: Peak: 1.0 dBFS
[Parsed_ebur128_0 @ 0x564f] Summary:

  Integrated loudness:
    I:         {i} LUFS
    Threshold: -39.2 LUFS

  Loudness range:
    LRA:         4.5 LU
    Threshold: -49.2 LUFS
    LRA low:   -29.2 LUFS
    LRA high:  -29.1 LUFS

  True peak:
    Peak:      {peak} dBFS
"""


def loudness(integrated_lufs: float = -29.2, **changes: float) -> Loudness:
    usual = {"threshold_lufs": -39.2, "range_lu": 4.5, "peak_dbtp": -17.2}
    return Loudness(integrated_lufs=integrated_lufs, **{**usual, **changes})


def test_the_last_summary_is_used_and_file_metadata_ignored() -> None:
    assert parse_summary(SUMMARY.format(i="-29.2", peak="-17.2")) == loudness()


def test_silence_has_no_loudness() -> None:
    silence = parse_summary(SUMMARY.format(i="-70.0", peak="-inf"))
    assert (silence.is_audible, silence.peak_dbtp) == (False, -99.0)
    assert loudness().is_audible


@pytest.mark.parametrize("printed", ["", "Summary:", "Summary: I: x LUFS"])
def test_a_missing_summary_is_an_error(printed: str) -> None:
    with pytest.raises(ValueError, match="loudness"):
        parse_summary(printed)


@pytest.mark.parametrize(
    "measured",
    [
        loudness(),
        loudness(0.0, threshold_lufs=0.0, range_lu=0.0, peak_dbtp=0.0),
        loudness(7.0, threshold_lufs=-3.0, range_lu=99.0, peak_dbtp=120.0),
        loudness(-69.9, threshold_lufs=-79.9, peak_dbtp=-120.0),
    ],
)
@pytest.mark.parametrize("wanted", [-70.0, -16.0, -5.0, 3.0, -120.0])
def test_loudnorm_arguments_are_within_its_limits(measured: Loudness, wanted: float) -> None:
    """Nor any value that loudnorm takes for "not measured"."""
    asked = loudnorm_arguments(measured, wanted)
    bounds: dict[str, tuple[float, float]] = {
        "I": (-70, -5),
        "TP": (-9, 0),
        "LRA": (1, 50),
        "measured_I": (-99, -0.001),
        "measured_LRA": (0.001, 99),
        "measured_TP": (-99, 98.9),
        "measured_thresh": (-69.99, -0.001),
    }
    assert all(low <= float(asked[name]) <= high for name, (low, high) in bounds.items())
    assert float(asked["LRA"]) >= float(asked["measured_LRA"])


def test_loudness_within_half_a_unit_is_met_and_otherwise_corrected() -> None:
    assert is_within_tolerance(loudness(-16.4), -16.0)
    assert not is_within_tolerance(loudness(-16.7), -16.0)
    assert corrected_target(-16.0, loudness(-17.5)) == -14.5
