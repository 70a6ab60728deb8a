"""Waveforms of real results: quiet and loud parts, both channels, every format."""

from array import array
from pathlib import Path

import pytest
from msgspec.structs import replace

from converter_service.media.waveform import Waveform
from tests.support.audio_checks import TranscodingHarness
from tests.support.media import Media

# A second of silence, a second at half of full scale, a second at a twentieth, all at 440 Hz.
TONE = "(between(t,1,2)*0.5+gte(t,2)*0.05)*sin(2*PI*440*t)"
STEPS = f"aevalsrc='{TONE}|{TONE}':d=3:s=44100"
OPPOSITE = "aevalsrc='0.5*sin(2*PI*440*t)|0':d=2:s=44100"


def levels(waveform: Waveform, first_s: float, end_s: float) -> tuple[int, int]:
    """The lowest minimum and the highest maximum of a part."""
    data = array("b", waveform.peaks)
    per_s = waveform.sample_rate / waveform.samples_per_pixel
    part = data[2 * round(first_s * per_s) : 2 * round(end_s * per_s)]
    return min(part[::2]), max(part[1::2])


@pytest.fixture(scope="module")
def steps(media: Media) -> Path:
    return media.made(["-f", "lavfi", "-i", STEPS, "-c:a", "flac"], "mkv")


@pytest.mark.parametrize("form", ["mp3", "m4a", "opus", "flac", "wav"])
async def test_a_waveform_shows_what_is_loud_and_what_is_silent(
    harness: TranscodingHarness, steps: Path, form: str
) -> None:
    output = await harness.convert(steps, format=form)
    waveform = await harness.transcoder.waveform(output)
    assert waveform is not None
    assert waveform.samples_per_pixel <= waveform.sample_rate / 10
    seconds = waveform.length * waveform.samples_per_pixel / waveform.sample_rate
    assert seconds == pytest.approx(output.duration_s, abs=0.15)
    assert levels(waveform, 0.1, 0.9) == pytest.approx((0, 0), abs=2)
    assert levels(waveform, 1.1, 1.9) == pytest.approx((-64, 64), abs=6)
    assert levels(waveform, 2.1, 2.9) == pytest.approx((-6, 6), abs=3)


async def test_channels_are_averaged(harness: TranscodingHarness, media: Media) -> None:
    output = await harness.convert(media.made(["-f", "lavfi", "-i", OPPOSITE, "-c:a", "flac"], "mkv"))
    waveform = await harness.transcoder.waveform(output)
    assert waveform is not None
    assert levels(waveform, 0.2, 1.8) == pytest.approx((-32, 32), abs=4)


async def test_a_copied_stream_has_a_waveform(harness: TranscodingHarness, media: Media) -> None:
    source = media.made(["-f", "lavfi", "-i", STEPS, "-c:a", "aac", "-b:a", "128k"], "mp4")
    output = await harness.convert(source, format="m4a")
    waveform = await harness.transcoder.waveform(output)
    assert waveform is not None
    assert levels(waveform, 1.1, 1.9) == pytest.approx((-64, 64), abs=6)


@pytest.mark.parametrize("harm", ["gone", "no audio", "longer than it says", "no sample rate"])
async def test_a_waveform_that_cannot_be_made_is_no_error(
    harness: TranscodingHarness, steps: Path, harm: str
) -> None:
    output = await harness.convert(steps)
    match harm:
        case "gone":
            output.path.unlink()
        case "no audio":
            output.path.write_bytes(bytes(100_000))
        case "longer than it says":
            output = replace(output, duration_s=0.2)
        case _:
            output = replace(output, sample_rate_hz=0)
    assert await harness.transcoder.waveform(output) is None
