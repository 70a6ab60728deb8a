"""Audio of every container and codec is preserved. `TONEGATE_WHOLE_MATRIX=1` runs all combinations, which
takes a quarter of an hour; `=5` runs every fifth of them.
"""

import os
from itertools import cycle

import pytest

from converter_service.media.formats import FORMATS
from tests.support.audio_checks import TranscodingHarness
from tests.support.audio_signals import CHANNELS, level_db, likeness, measured, wave
from tests.support.media import Media, probe
from tests.support.media_matrix import CODECS, CONTAINERS, SECONDS, Case, covering, everything, made

EVERY = int(os.environ.get("TONEGATE_WHOLE_MATRIX", "0"))
CASES = list(everything())[::EVERY] if EVERY else list(covering())
OPTIONS: tuple[dict[str, str], ...] = (
    {},
    {"format": "m4a", "loudness": "-20"},
    {"format": "opus", "channels": "1"},
    {"format": "flac"},
    {"format": "wav", "sample_rate": "22050", "channels": "2"},
    {"quality": "4", "sample_rate": "44100"},
    {"format": "m4a", "bitrate": "96k", "channels": "2"},
)


@pytest.mark.parametrize(
    ("case", "options"),
    [pytest.param(case, options, id=str(case)) for case, options in zip(CASES, cycle(OPTIONS), strict=False)],
)
async def test_the_audio_of_the_result_is_that_of_the_source(
    harness: TranscodingHarness, media: Media, case: Case, options: dict[str, str]
) -> None:
    source, track = made(media, case), case.tracks - 1
    output = await harness.convert(source, audio_track=str(track), **options)
    (stream,) = probe(harness.result)["streams"]
    form, channels = FORMATS[output.format], min(CHANNELS[case.layout], FORMATS[output.format].max_channels)
    # Two frames more or less, which are long at low sample rates.
    assert output.duration_s == pytest.approx(SECONDS, abs=0.1 + 2048 / case.rate)
    assert stream["channels"] == int(options.get("channels", channels))
    if "sample_rate" in options:
        assert stream["sample_rate"] == options["sample_rate"]
    else:
        assert int(stream["sample_rate"]) >= min(case.rate, form.sample_rates_hz[-1])
    before, after = wave(source, f"a:{track}"), wave(harness.result)
    alike, lag_s = likeness(before, after)
    assert alike > 0.93
    assert abs(lag_s) < 0.07
    if "loudness" in options:
        assert measured(harness.result)[0] == pytest.approx(float(options["loudness"]), abs=1.0)
    else:
        # All channels are equal, so one is enough for the level. Mono that becomes stereo keeps its level.
        first = wave(source, f"a:{track}", channels=0), wave(harness.result, channels=0)
        due_db = level_db(first[0]) - (3.01 if stream["channels"] > CHANNELS[case.layout] else 0.0)
        assert level_db(first[1]) == pytest.approx(due_db, abs=1.5)


def test_the_matrix_has_every_pair_and_all_that_a_codec_takes() -> None:
    tried = list(covering())
    pairs = {(name, codec) for name, container in CONTAINERS.items() for codec in container.codecs}
    assert {(case.container, case.codec) for case in tried} == pairs
    for wanted in ("mono", "stereo", "5.1", 8_000, 44_100, 48_000, 96_000, True, False, 2):
        assert any(wanted in (case.layout, case.rate, case.has_picture, case.tracks) for case in tried)
    assert {case.codec for case in tried} == set(CODECS)
