"""Pixels of a waveform: their length, and the byte of a level."""

import pytest

from converter_service.media.waveform import samples_per_pixel, to_byte


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("duration_s", [0.05, 3.0, 59.9, 100.0, 43_200.0])
def test_a_pixel_is_at_most_a_tenth_of_a_second(rate: int, duration_s: float) -> None:
    assert 0 < samples_per_pixel(duration_s, rate) / rate <= 0.1


def test_short_audio_has_finer_pixels() -> None:
    assert samples_per_pixel(20.0, 48_000) == 960
    assert samples_per_pixel(2.0, 48_000) == 480


@pytest.mark.parametrize(
    ("level", "byte"),
    [(0.0, 0), (1.0, 127), (-1.0, -127), (0.5, 64), (1.7, 127), (-3.0, -127)],
)
def test_full_scale_is_127_and_louder_samples_are_clipped(level: float, byte: int) -> None:
    assert to_byte(level).to_bytes(1, "big") == byte.to_bytes(1, "big", signed=True)
