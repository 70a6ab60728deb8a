"""The default bit rate follows what the source can use; a requested one is used as it is."""

import pytest

from tests.support.audio_checks import TranscodingHarness
from tests.support.audio_signals import likeness, wave
from tests.support.media import Media

NOISE = "anoisesrc=d=4:color=pink:seed=1:amplitude=0.5"


@pytest.mark.parametrize(
    ("rate", "channels", "codec", "container", "expected"),
    [
        pytest.param(8_000, 1, "pcm_mulaw", "wav", 64_000, id="telephone"),
        pytest.param(8_000, 1, "pcm_alaw", "mov", 64_000, id="telephone in mov"),
        pytest.param(8_000, 2, "pcm_s16le", "wav", 64_000, id="telephone in stereo"),
        pytest.param(16_000, 1, "aac", "m4a", 64_000, id="speech"),
        pytest.param(16_000, 2, "flac", "flac", 96_000, id="speech in stereo"),
        pytest.param(22_050, 1, "libmp3lame", "avi", 96_000, id="half the rate of a CD"),
        pytest.param(24_000, 2, "pcm_s16le", "wav", 128_000, id="half the rate, in stereo"),
        pytest.param(32_000, 1, "pcm_s16le", "wav", 192_000, id="broadcast"),
        pytest.param(44_100, 2, "pcm_s16le", "wav", 192_000, id="music"),
    ],
)
async def test_low_sample_rates_get_no_more_than_they_can_use(
    harness: TranscodingHarness,
    media: Media,
    rate: int,
    channels: int,
    codec: str,
    container: str,
    expected: int,
) -> None:
    shape = ["-ar", str(rate), "-ac", str(channels), "-c:a", codec]
    source = media.made(["-f", "lavfi", "-i", NOISE, *shape], container)
    output = await harness.convert(source, start="0")
    assert output.bitrate_bps == expected
    assert likeness(wave(source), wave(harness.result))[0] > 0.98


@pytest.mark.parametrize(("form", "alike"), [("m4a", 0.98), ("opus", 0.93)])
async def test_other_formats_follow_too(
    harness: TranscodingHarness, media: Media, form: str, alike: float
) -> None:
    source = media.made(["-f", "lavfi", "-i", NOISE, "-ar", "8000", "-ac", "1"], "wav")
    output = await harness.convert(source, format=form)
    assert output.bitrate_bps <= 70_000
    assert likeness(wave(source), wave(harness.result))[0] > alike


@pytest.mark.parametrize(("bitrate", "form"), [("192k", "mp3"), ("320k", "mp3"), ("128k", "mp3")])
async def test_a_requested_bit_rate_is_used(
    harness: TranscodingHarness, media: Media, bitrate: str, form: str
) -> None:
    source = media.made(["-f", "lavfi", "-i", NOISE, "-ar", "8000", "-ac", "1"], "wav")
    output = await harness.convert(source, format=form, bitrate=bitrate)
    assert output.bitrate_bps == int(bitrate[:-1]) * 1000


async def test_a_copy_may_have_more_than_the_default_of_its_rate(
    harness: TranscodingHarness, media: Media
) -> None:
    source = media.made(["-f", "lavfi", "-i", NOISE, "-ar", "16000", "-ac", "1", "-b:a", "128k"], "mp3")
    assert (await harness.convert(source)).bitrate_bps == 128_000
