"""The time line of results: late starts, leaps, overlaps and restarted clocks, by what sounds when."""

from pathlib import Path

import pytest

from tests.support.audio_checks import TranscodingHarness, samples
from tests.support.media import Media
from tests.support.media import probe as described
from tests.support.timeline import Leap, Timeline

LATE = Timeline(6.0, late_s=3.0)
GAP = Timeline(7.0, leaps=(Leap(3.0, 1.0),))
CONTAINERS = [("mp4", "aac"), ("mkv", "aac"), ("mkv", "libopus"), ("webm", "libvorbis"), ("ts", "mp2")]
FORMATS = ["mp3", "m4a", "opus", "flac", "wav"]


@pytest.mark.parametrize(("container", "codec"), [*CONTAINERS, ("mpg", "mp2"), ("mov", "pcm_s16le")])
async def test_audio_that_begins_late_is_whole_in_every_format(
    harness: TranscodingHarness, media: Media, container: str, codec: str
) -> None:
    source = LATE.write(media, container, codec)
    for form in FORMATS:
        output = await harness.convert(source, format=form)
        assert LATE.faults(harness.result, output) == [], form


@pytest.mark.parametrize(("container", "codec"), [*CONTAINERS, ("mpg", "mp2"), ("mov", "pcm_s16le")])
async def test_a_part_of_audio_that_begins_late_is_the_requested_one(
    harness: TranscodingHarness, media: Media, container: str, codec: str
) -> None:
    source = LATE.write(media, container, codec)
    for start, end in ((4.0, 6.0), (1.0, 5.0), (5.5, 9.0)):
        output = await harness.convert(source, format="flac", start=str(start), end=str(end))
        assert LATE.faults(harness.result, output, start, end) == [], (start, end)


@pytest.mark.parametrize("late_s", [0.05, 0.3])
async def test_not_even_a_small_delay_loses_sound(
    harness: TranscodingHarness, media: Media, late_s: float
) -> None:
    timeline = Timeline(4.0, late_s=late_s)
    output = await harness.convert(timeline.write(media, "mkv", "aac"), format="m4a")
    assert timeline.faults(harness.result, output) == []


@pytest.mark.parametrize(("container", "codec"), [*CONTAINERS, ("mkv", "libmp3lame"), ("mkv", "pcm_s16le")])
async def test_a_leap_in_the_timestamps_becomes_silence_in_every_format(
    harness: TranscodingHarness, media: Media, container: str, codec: str
) -> None:
    source = GAP.write(media, container, codec)
    for form in FORMATS:
        output = await harness.convert(source, format=form)
        assert GAP.faults(harness.result, output) == [], form


@pytest.mark.parametrize("by_s", [0.03, 0.2, 25.0])
@pytest.mark.parametrize("form", ["mp3", "m4a", "opus"])
async def test_leaps_of_any_length_become_silence(
    harness: TranscodingHarness, media: Media, by_s: float, form: str
) -> None:
    timeline = Timeline(6.0, leaps=(Leap(2.0, by_s),), has_video=False)
    output = await harness.convert(timeline.write(media, "mkv", "libmp3lame"), format=form)
    assert timeline.faults(harness.result, output) == []


@pytest.mark.parametrize(("codec", "form"), [("libmp3lame", "mp3"), ("aac", "m4a"), ("flac", "flac")])
async def test_a_cover_hides_no_leap_of_sound_that_could_be_copied(
    harness: TranscodingHarness, media: Media, codec: str, form: str
) -> None:
    timeline = Timeline(6.0, leaps=(Leap(2.0, 0.15),))
    output = await harness.convert(timeline.write(media, "mkv", codec), format=form, cover="auto")
    assert timeline.faults(harness.result, output) == []


@pytest.mark.parametrize("form", FORMATS)
async def test_many_small_leaps_add_up(harness: TranscodingHarness, media: Media, form: str) -> None:
    timeline = Timeline(8.0, leaps=tuple(Leap(float(n), 0.03) for n in range(1, 8)), has_video=False)
    output = await harness.convert(timeline.write(media, "mkv", "libmp3lame"), format=form)
    assert timeline.faults(harness.result, output) == []


@pytest.mark.parametrize(("start", "end"), [(2.0, 3.5), (3.5, 5.0), (3.2, 3.8), (4.5, 7.0)])
async def test_a_cut_through_silence_keeps_the_time_line(
    harness: TranscodingHarness, media: Media, start: float, end: float
) -> None:
    source = GAP.write(media, "mp4", "aac")
    output = await harness.convert(source, format="wav", start=str(start), end=str(end))
    assert GAP.faults(harness.result, output, start, end) == []


@pytest.mark.parametrize("codec", ["libmp3lame", "pcm_s16le", "libopus"])
async def test_of_overlapping_sound_nothing_is_dropped(
    harness: TranscodingHarness, media: Media, codec: str
) -> None:
    timeline = Timeline(8.0, leaps=(Leap(3.0, -0.5), Leap(5.0, 2.0)))
    output = await harness.convert(timeline.write(media, "mkv", codec), format="m4a")
    assert timeline.faults(harness.result, output) == []


async def test_joined_recordings_follow_each_other(
    harness: TranscodingHarness, media: Media, tmp_path: Path
) -> None:
    """The second one's clock starts anew; its own gap is kept."""
    first, second = Timeline(14.0), Timeline(6.0, leaps=(Leap(3.0, 1.0),))
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(each.write(media, "ts", "mp2").read_bytes() for each in (first, second)))
    output = await harness.convert(joined, format="flac")
    assert output.duration_s == pytest.approx(21.0, abs=0.1)
    assert output.gaps_s == pytest.approx(1.0, abs=0.05)
    whole = samples(harness.result)
    assert len(whole) / 8_000 == pytest.approx(21.0, abs=0.1)


async def test_loudness_is_normalised_on_the_same_time_line(
    harness: TranscodingHarness, media: Media
) -> None:
    timeline = Timeline(6.0, late_s=1.0, leaps=(Leap(3.0, 1.0),))
    output = await harness.convert(timeline.write(media, "mkv", "aac"), format="mp3", loudness="-8")
    assert timeline.faults(harness.result, output) == []


async def test_an_ordinary_file_has_no_gaps(harness: TranscodingHarness, media: Media) -> None:
    for container in ("mp4", "mov", "mkv", "webm", "avi", "mpg", "ts", "flv", "ogv"):
        output = await harness.convert(media.video(3.0, container=container))
        assert output.gaps_s == 0, container


@pytest.mark.parametrize(("container", "codec"), [("mkv", "aac"), ("webm", "libopus"), ("flv", "aac")])
@pytest.mark.parametrize("form", ["mp3", "m4a", "opus"])
async def test_audio_that_begins_behind_what_is_probed_is_found(
    harness: TranscodingHarness, media: Media, container: str, codec: str, form: str
) -> None:
    timeline = Timeline(4.0, late_s=20.0)
    source = timeline.write(media, container, codec)
    output = await harness.convert(source, format=form)
    assert timeline.faults(harness.result, output) == []


@pytest.mark.parametrize(("container", "codec", "rate"), [("ts", "mp2", 44_100), ("mpg", "mp2", 48_000)])
async def test_a_rate_that_the_first_megabytes_do_not_tell_is_kept(
    harness: TranscodingHarness, media: Media, container: str, codec: str, rate: int
) -> None:
    """Nine megabytes of picture before the first sound."""
    noise = "nullsrc=s=320x240:r=25:d=9,geq=random(1)*255:128:128"
    sound = ["-itsoffset", "7", "-f", "lavfi", "-i", f"sine=f=440:d=3:r={rate}"]
    bits = ["-b:v", "8000k", "-minrate", "8000k", "-maxrate", "8000k", "-bufsize", "1000k"]
    mapped = ["-map", "0", "-map", "1", "-c:v", "mpeg2video", "-c:a", codec]
    source = media.made(["-f", "lavfi", "-i", noise, *sound, *mapped, *bits], container)
    for fields in ({"format": "wav"}, {"quality": "2"}, {"format": "mp3"}, {"format": "opus"}):
        output = await harness.convert(source, **fields)
        (stream,) = described(harness.result)["streams"]
        assert stream["sample_rate"] == str(48_000 if fields.get("format") == "opus" else rate)
        assert output.duration_s == pytest.approx(3.0, abs=0.1)


async def test_the_duration_of_a_live_recording_is_known_afterwards(
    harness: TranscodingHarness, media: Media
) -> None:
    live = GAP.write(media, "webm", "libopus", "-live", "1")
    assert (await harness.probe(live)).duration_s is None
    output = await harness.convert(live)
    assert output.source_duration_s == pytest.approx(GAP.end_s, abs=0.1)
    assert GAP.faults(harness.result, output) == []


@pytest.mark.parametrize(("by_s", "filled_s"), [(290.0, 290.0), (3_600.0, 0.0)])
async def test_a_leap_of_many_minutes_is_filled_and_one_of_an_hour_is_a_joint(
    harness: TranscodingHarness, media: Media, by_s: float, filled_s: float
) -> None:
    source = Timeline(6.0, leaps=(Leap(3.0, by_s),), has_video=False).write(
        media, "mkv", "libmp3lame", "-ac", "2"
    )
    output = await harness.convert(source, format="flac")
    assert output.duration_s == pytest.approx(6.0 + filled_s, abs=0.1)
    assert output.gaps_s == pytest.approx(filled_s, abs=0.05)
