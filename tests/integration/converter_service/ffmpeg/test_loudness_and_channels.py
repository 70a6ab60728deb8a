"""Loudness normalisation and channel mixing, measured in the result."""

from array import array
from pathlib import Path

import pytest

from tests.support.audio_checks import TranscodingHarness
from tests.support.audio_signals import chirp, likeness, measured, strength, wave
from tests.support.media import Media, probe

SECONDS = 4.0
HZ = 8_000
SPEECH = {"sample_rate": "16000", "format": "opus"}
PART = {"start": "1", "end": "3.5", "format": "flac"}
PITCHES = (300, 400, 500, 100, 700, 900, 1100, 1300)


def amplitudes(ear: "array[float]", count: int) -> list[float]:
    """The amplitude of each source channel's pitch, relative to the source."""
    return [strength(ear, hz, HZ) / 0.9 for hz in PITCHES[:count]]


def noise(media: Media, volume: str, container: str = "wav") -> Path:
    source = f"anoisesrc=duration={SECONDS}:color=pink:seed=1,volume={volume}"
    return media.made(["-f", "lavfi", "-i", source, "-ar", "44100"], container)


@pytest.mark.parametrize(
    ("volume", "fields", "wanted", "rate"),
    [
        pytest.param("-20dB", {"loudness": "-16"}, -16.0, 44_100, id="louder"),
        pytest.param("0dB", {"loudness": "-30.5", "format": "m4a"}, -30.5, 44_100, id="softer"),
        pytest.param(
            "-20dB", {"loudness": "-16", "sample_rate": "16000", "format": "opus"}, -16.0, 48_000, id="opus"
        ),
        pytest.param(
            "-12dB",
            {"loudness": "-23", "start": "1", "end": "3.5", "format": "flac"},
            -23.0,
            44_100,
            id="part",
        ),
    ],
)
async def test_the_loudness_is_the_requested_one(
    harness: TranscodingHarness, media: Media, volume: str, fields: dict[str, str], wanted: float, rate: int
) -> None:
    output = await harness.convert(noise(media, volume), **fields)
    loudness, peak = measured(harness.result)
    assert loudness == pytest.approx(wanted, abs=0.6)
    assert peak <= -1.0
    (stream,) = probe(harness.result)["streams"]
    assert int(stream["sample_rate"]) == rate
    assert output.duration_s == pytest.approx(2.5 if "end" in fields else SECONDS, abs=0.1)
    assert harness.reported == sorted(harness.reported)


async def test_peaks_stay_below_the_ceiling(harness: TranscodingHarness, media: Media) -> None:
    """Soft noise with a click."""
    click = "if(between(t,2,2.001),0.9,0.02*(random(0)-0.5))"
    soft = media.made(["-f", "lavfi", "-i", f"aevalsrc='{click}':d=6:s=44100"], "wav")
    await harness.convert(soft, loudness="-20")
    loudness, peak = measured(harness.result)
    assert loudness == pytest.approx(-20, abs=2.0)
    assert peak <= -0.5


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("anullsrc=duration=2", id="silence"),
        pytest.param("sine=frequency=440:duration=0.2", id="too short to be measured"),
    ],
)
async def test_audio_without_measurable_loudness_stays_unchanged(
    harness: TranscodingHarness, media: Media, source: str
) -> None:
    file = media.made(["-f", "lavfi", "-i", source], "wav")
    output = await harness.convert(file, loudness="-16", format="flac")
    assert output.duration_s == pytest.approx(0.2 if "0.2" in source else 2.0, abs=0.05)


async def test_a_start_after_the_end_is_refused_with_loudness_too(
    harness: TranscodingHarness, media: Media
) -> None:
    with pytest.raises(Exception, match="no audio after the start"):
        await harness.convert(noise(media, "-20dB"), loudness="-16", start="60")


@pytest.mark.parametrize("form", ["mp3", "flac"])
@pytest.mark.parametrize(
    ("container", "arguments", "channels"),
    [
        ("spx", ("-c:a", "libspeex", "-ar", "16000", "-ac", "1"), 1),
        ("spx", ("-c:a", "libspeex", "-ar", "16000", "-ac", "2"), 2),
        ("voc", ("-ac", "1"), 1),
        # Three and four channels without positions.
        ("caf", ("-ac", "3"), 3),
        ("au", ("-ac", "4"), 4),
    ],
    ids=lambda value: str(value) if isinstance(value, int | str) else " ",
)
async def test_loudness_is_set_where_the_decoder_names_no_layout(
    harness: TranscodingHarness,
    media: Media,
    container: str,
    arguments: tuple[str, ...],
    channels: int,
    form: str,
) -> None:
    tone = ("-f", "lavfi", "-i", "sine=f=440:d=3:r=16000")
    await harness.convert(media.made([*tone, *arguments], container), loudness="-20", format=form)
    assert measured(harness.result)[0] == pytest.approx(-20, abs=1.0)
    (stream,) = probe(harness.result)["streams"]
    assert stream["channels"] == (channels if form == "flac" else min(channels, 2))


@pytest.mark.parametrize(
    ("layout", "fields", "left"),
    [
        pytest.param("5.1", {}, (0.414, 0, 0.293, 0, 0.293, 0), id="5.1"),
        pytest.param("7.1", {}, (0.320, 0, 0.226, 0, 0.226, 0, 0.226, 0), id="7.1"),
        pytest.param("quad", {}, (0.586, 0, 0.414, 0), id="quad"),
        pytest.param("5.1", {"channels": "1"}, (0.207, 0.207, 0.293, 0, 0.146, 0.146), id="5.1 to one"),
        pytest.param("stereo", {"channels": "1"}, (0.5, 0.5), id="two to one"),
    ],
)
async def test_every_channel_is_mixed_at_its_level_without_clipping(
    harness: TranscodingHarness, media: Media, layout: str, fields: dict[str, str], left: tuple[float, ...]
) -> None:
    """Each channel has its own pitch; centre and surrounds are mixed 3 dB below the sides, the LFE is not."""
    tones = "|".join(f"0.9*cos(2*PI*{hz}*t)" for hz in PITCHES[: len(left)])
    source = media.made(["-f", "lavfi", "-i", f"aevalsrc='{tones}':c={layout}:d=1:s={HZ}"], "wav")
    await harness.convert(source, format="wav", **{"channels": "2", **fields})
    count = int(fields.get("channels", "2"))
    sound = wave(harness.result, at_hz=HZ, channels=count)
    assert amplitudes(sound[0::count], len(left)) == pytest.approx(left, abs=0.01)
    assert max(map(abs, sound)) <= 1.0
    if count == 2:
        # The right channel contains the other side.
        mirrored = (1, 0, 2, 3, 5, 4, 7, 6) if "." in layout else (1, 0, 3, 2)
        right = amplitudes(sound[1::2], len(left))
        assert [right[n] for n in mirrored[: len(left)]] == pytest.approx(left, abs=0.01)


async def test_a_loud_mix_is_not_clipped(harness: TranscodingHarness, media: Media) -> None:
    loud = media.made([*chirp(1.5, layout="5.1"), "-af", "volume=3", "-c:a", "flac"], "mkv")
    await harness.convert(loud)
    assert max(map(abs, wave(harness.result, at_hz=48_000, channels=2))) <= 1.05
    assert likeness(wave(loud), wave(harness.result))[0] > 0.99
