"""Tracks whose channels or sample rate change in the middle, as in broadcasts and joined recordings."""

import pytest

from tests.support.audio_checks import TranscodingHarness
from tests.support.changing_sound import Part, joined, length_s, misheard
from tests.support.media import Media

LEAP_S = 1.5
CHANNELS = [
    pytest.param("ts", "mp2", ("mono", "stereo"), id="mp2 in MPEG-TS, mono then stereo"),
    pytest.param("ts", "ac3", ("5.1", "stereo"), id="AC-3 in MPEG-TS, 5.1 then stereo"),
    pytest.param("ts", "aac", ("stereo", "5.1"), id="AAC in MPEG-TS, stereo then 5.1"),
    pytest.param("mkv", "eac3", ("5.1", "mono"), id="E-AC-3 in Matroska, 5.1 then mono"),
]


@pytest.mark.parametrize("form", ["mp3", "m4a", "flac"])
@pytest.mark.parametrize(("container", "codec", "layouts"), CHANNELS)
async def test_a_leap_where_the_channels_change_becomes_silence(
    harness: TranscodingHarness,
    media: Media,
    container: str,
    codec: str,
    layouts: tuple[str, str],
    form: str,
) -> None:
    first, second = Part(300, 4.0, layout=layouts[0]), Part(700, 4.0, layout=layouts[1], leap_s=LEAP_S)
    output = await harness.convert(joined(media, container, codec, first, second), format=form)
    assert output.duration_s == pytest.approx(8.0 + LEAP_S, abs=0.1)
    assert output.gaps_s == pytest.approx(LEAP_S, abs=0.06)
    assert misheard(harness.result, (300, 0.0, 4.0), (700, 5.5, 9.5)) == []


@pytest.mark.parametrize("form", ["wav", "mp3"])
@pytest.mark.parametrize(("container", "codec", "layouts"), CHANNELS)
async def test_no_sound_is_lost_where_the_channels_change(
    harness: TranscodingHarness,
    media: Media,
    container: str,
    codec: str,
    layouts: tuple[str, str],
    form: str,
) -> None:
    parts = [Part(300 + 200 * n, 1.2, layout=layouts[n % 2]) for n in range(6)]
    due_s = sum(length_s(part.write(media, "ts", codec)) for part in parts)
    output = await harness.convert(joined(media, container, codec, *parts), format=form)
    assert output.duration_s == pytest.approx(due_s, abs=0.03)
    assert output.gaps_s == 0


@pytest.mark.parametrize(
    ("container", "codec", "rates"),
    [
        ("ts", "mp2", (48_000, 44_100)),
        ("ts", "aac", (44_100, 48_000)),
        ("ts", "ac3", (48_000, 32_000)),
        ("ts", "aac", (24_000, 44_100)),
        ("ts", "aac", (44_100, 24_000)),
        ("mkv", "ac3", (32_000, 48_000)),
    ],
)
async def test_no_sound_is_lost_or_repeated_where_the_sample_rate_changes(
    harness: TranscodingHarness, media: Media, container: str, codec: str, rates: tuple[int, int]
) -> None:
    first, second = (Part(hz, 3.0, rate=rate) for hz, rate in zip((300, 700), rates, strict=True))
    due_s = sum(length_s(part.write(media, "ts", codec)) for part in (first, second))
    for form in ("mp3", "m4a", "wav"):
        output = await harness.convert(joined(media, container, codec, first, second), format=form)
        assert output.duration_s == pytest.approx(due_s, abs=0.05), form
        assert output.gaps_s == 0, form
        assert misheard(harness.result, (300, 0.0, 3.0), (700, 3.0, 6.0)) == [], form


@pytest.mark.parametrize("rates", [(48_000, 32_000), (32_000, 48_000), (44_100, 22_050)])
async def test_a_sample_rate_may_change_long_after_the_start(
    harness: TranscodingHarness, media: Media, rates: tuple[int, int]
) -> None:
    """The time that ffmpeg 5.1 then gives one frame is wrong by more than a restarted clock is."""
    before_s, after_s = 60.0, 1.0
    first, second = (
        Part(hz, seconds, rate=rate)
        for hz, seconds, rate in zip((300, 700), (before_s, after_s), rates, strict=True)
    )
    output = await harness.convert(joined(media, "ts", "mp2", first, second), format="wav")
    assert output.duration_s == pytest.approx(before_s + after_s, abs=0.15)
    assert output.gaps_s == 0
    assert misheard(harness.result, (300, 0.0, before_s), (700, before_s, before_s + after_s)) == []


@pytest.mark.parametrize("fields", [{"loudness": "-20"}, {"start": "3", "end": "6.5", "format": "flac"}])
async def test_changing_channels_are_cut_and_normalised_on_the_same_time_line(
    harness: TranscodingHarness, media: Media, fields: dict[str, str]
) -> None:
    first, second = Part(300, 4.0, layout="mono"), Part(700, 4.0, leap_s=LEAP_S)
    output = await harness.convert(joined(media, "ts", "mp2", first, second), **fields)
    from_s, until_s = float(fields.get("start", 0)), float(fields.get("end", 9.5))
    assert output.duration_s == pytest.approx(until_s - from_s, abs=0.1)
    assert output.gaps_s == pytest.approx(LEAP_S, abs=0.06)
    assert misheard(harness.result, (300, 0, 4 - from_s), (700, 5.5 - from_s, until_s - from_s)) == []


async def test_a_recording_behind_another_whose_clock_and_channels_differ_keeps_its_gap(
    harness: TranscodingHarness, media: Media
) -> None:
    """The second one's clock is behind by more than ten seconds."""
    first = joined(media, "ts", "mp2", Part(300, 12.0, layout="mono"))
    second = joined(media, "ts", "mp2", Part(500, 2.0), Part(700, 2.0, leap_s=LEAP_S))
    whole = media.directory / f"{first.stem}+{second.stem}.ts"
    whole.write_bytes(first.read_bytes() + second.read_bytes())
    output = await harness.convert(whole, format="wav")
    assert output.duration_s == pytest.approx(16.0 + LEAP_S, abs=0.15)
    assert misheard(harness.result, (300, 0, 12), (500, 12, 14), (700, 15.5, 17.5)) == []
