"""Decoders that some versions of ffmpeg choose wrongly."""

import pytest

from tests.support.audio_checks import TranscodingHarness
from tests.support.audio_signals import chirp, likeness, wave
from tests.support.media import Media

SECONDS = 3.0


@pytest.mark.parametrize("container", ["ogg", "mkv"])
@pytest.mark.parametrize("rate", [8_000, 16_000, 32_000])
async def test_speex_of_every_rate_sounds_as_its_source(
    harness: TranscodingHarness, media: Media, container: str, rate: int
) -> None:
    sound = chirp(SECONDS, rate=rate)
    source = media.made([*sound, "-c:a", "libspeex"], container)
    for fields in ({"format": "flac"}, {"format": "mp3"}):
        output = await harness.convert(source, **fields)
        assert output.duration_s == pytest.approx(SECONDS, abs=0.2)
        alike, _ = likeness(wave(media.made(sound, "wav")), wave(harness.result))
        assert alike > 0.8
