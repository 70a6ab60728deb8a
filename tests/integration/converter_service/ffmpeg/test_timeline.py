"""The time line of results: late starts, leaps, overlaps and restarted clocks, by what sounds when."""

import pytest

from tests.support.audio_checks import TranscodingHarness
from tests.support.audio_signals import chirp
from tests.support.media import Media
from tests.support.media import probe as described
from tests.support.timeline import Joined, Leap, Timeline
from tests.support.timeline_faults import misplaced

LATE = Timeline(6.0, late_s=3.0)
GAP = Timeline(7.0, leaps=(Leap(3.0, 1.0),))
CONTAINERS = [("mp4", "aac"), ("mkv", "aac"), ("mkv", "libopus"), ("webm", "libvorbis"), ("ts", "mp2")]
# Their muxers write no leaps, or several frames behind one timestamp.
UNLEAPING = [("mpg", "mp2"), ("mpg", "ac3"), ("mov", "pcm_s16le"), ("wmv", "wmav2")]
MORE_LEAPING = [("mkv", "libmp3lame"), ("mkv", "pcm_s16le"), ("mkv", "wavpack")]
FORMATS = ["mp3", "m4a", "opus", "flac", "wav"]
WHOLE = [{"format": form} for form in FORMATS]
PARTS = [
    {"format": "flac", "start": start, "end": end} for start, end in (("4", "6"), ("1", "5"), ("5.5", "9"))
]


@pytest.mark.parametrize(("container", "codec"), [*CONTAINERS, *UNLEAPING])
async def test_audio_that_begins_late_is_whole_in_every_format_and_cut_where_requested(
    harness: TranscodingHarness, media: Media, container: str, codec: str
) -> None:
    for fields in (*WHOLE, *PARTS):
        assert await misplaced(harness, media, LATE, container, codec, **fields) == [], fields


@pytest.mark.parametrize("late_s", [0.05, 0.3])
async def test_not_even_a_small_delay_loses_sound(
    harness: TranscodingHarness, media: Media, late_s: float
) -> None:
    timeline = Timeline(4.0, late_s=late_s)
    assert await misplaced(harness, media, timeline, "mkv", "aac", format="m4a") == []


@pytest.mark.parametrize(("container", "codec"), [*CONTAINERS, *MORE_LEAPING])
async def test_a_leap_in_the_timestamps_becomes_silence_in_every_format(
    harness: TranscodingHarness, media: Media, container: str, codec: str
) -> None:
    for fields in WHOLE:
        assert await misplaced(harness, media, GAP, container, codec, **fields) == [], fields


@pytest.mark.parametrize("form", ["mp3", "flac"])
async def test_long_packets_without_a_duration_do_not_make_a_file_with_a_gap_look_cut_off(
    harness: TranscodingHarness, media: Media, form: str
) -> None:
    """Those of WavPack are half a second long, and Matroska declares no duration for them."""
    gap = ("-af", "asetpts='if(gte(T,3),PTS+1.25/TB,PTS)'", "-c:a", "wavpack")
    source = media.made([*chirp(6.0, layout="stereo"), *gap], "mkv")
    output = await harness.convert(source, format=form)
    assert output.duration_s == pytest.approx(7.25, abs=0.1)
    assert output.gaps_s == pytest.approx(1.25, abs=0.1)


@pytest.mark.parametrize(("container", "codec"), [("mkv", "truehd"), ("mkv", "mlp"), ("mka", "truehd")])
@pytest.mark.parametrize("form", ["mp3", "flac"])
async def test_packets_shorter_than_the_clocks_ticks_are_not_taken_for_long_ones(
    harness: TranscodingHarness, media: Media, container: str, codec: str, form: str
) -> None:
    """Those of TrueHD and MLP are 0.8 ms long, and Matroska declares no duration for them."""
    gap = ("-af", "asetpts='if(gte(T,3),PTS+1.25/TB,PTS)'", "-c:a", codec, "-strict", "-2")
    source = media.made([*chirp(6.0, layout="stereo"), *gap], container)
    output = await harness.convert(source, format=form)
    assert output.duration_s == pytest.approx(7.25, abs=0.1)
    assert output.gaps_s == pytest.approx(1.25, abs=0.01)


@pytest.mark.parametrize("by_s", [0.03, 0.2, 25.0])
@pytest.mark.parametrize("form", ["mp3", "m4a", "opus"])
async def test_leaps_of_any_length_become_silence(
    harness: TranscodingHarness, media: Media, by_s: float, form: str
) -> None:
    timeline = Timeline(6.0, leaps=(Leap(2.0, by_s),), has_video=False)
    assert await misplaced(harness, media, timeline, "mkv", "libmp3lame", format=form) == []


@pytest.mark.parametrize(("codec", "form"), [("libmp3lame", "mp3"), ("aac", "m4a"), ("flac", "flac")])
async def test_a_cover_hides_no_leap_of_sound_that_could_be_copied(
    harness: TranscodingHarness, media: Media, codec: str, form: str
) -> None:
    timeline = Timeline(6.0, leaps=(Leap(2.0, 0.15),))
    assert await misplaced(harness, media, timeline, "mkv", codec, format=form, cover="auto") == []


@pytest.mark.parametrize(
    ("container", "codec", "form"),
    [("mkv", "libmp3lame", "mp3"), ("mkv", "aac", "m4a"), ("mp4", "aac", "m4a"), ("mkv", "libopus", "opus")],
)
async def test_a_leap_of_two_frames_is_not_lost_where_sound_could_be_copied(
    harness: TranscodingHarness, media: Media, container: str, codec: str, form: str
) -> None:
    source = Timeline(4.0, leaps=(Leap(2.0, 0.045),), has_video=False).write(media, container, codec)
    output = await harness.convert(source, format=form)
    assert output.gaps_s == pytest.approx(0.045, abs=0.005)
    assert output.duration_s == pytest.approx(4.045, abs=0.06)


@pytest.mark.parametrize("form", FORMATS)
async def test_many_small_leaps_add_up(harness: TranscodingHarness, media: Media, form: str) -> None:
    timeline = Timeline(8.0, leaps=tuple(Leap(float(n), 0.03) for n in range(1, 8)), has_video=False)
    assert await misplaced(harness, media, timeline, "mkv", "libmp3lame", format=form) == []


@pytest.mark.parametrize(("start", "end"), [("2", "3.5"), ("3.5", "5"), ("3.2", "3.8"), ("4.5", "7")])
async def test_a_cut_through_silence_keeps_the_time_line(
    harness: TranscodingHarness, media: Media, start: str, end: str
) -> None:
    assert await misplaced(harness, media, GAP, "mp4", "aac", format="wav", start=start, end=end) == []


@pytest.mark.parametrize("codec", ["libmp3lame", "pcm_s16le", "libopus"])
async def test_of_overlapping_sound_nothing_is_dropped(
    harness: TranscodingHarness, media: Media, codec: str
) -> None:
    timeline = Timeline(8.0, leaps=(Leap(3.0, -0.5), Leap(5.0, 2.0)))
    assert await misplaced(harness, media, timeline, "mkv", codec, format="m4a") == []


async def test_joined_recordings_follow_each_other(harness: TranscodingHarness, media: Media) -> None:
    """The second one's clock starts anew; its own gap is kept."""
    joined = Joined(Timeline(14.0), Timeline(6.0, leaps=(Leap(3.0, 1.0),), seed=2))
    assert await misplaced(harness, media, joined, "ts", "mp2", format="flac") == []


async def test_loudness_is_normalised_on_the_same_time_line(
    harness: TranscodingHarness, media: Media
) -> None:
    timeline = Timeline(6.0, late_s=1.0, leaps=(Leap(3.0, 1.0),))
    assert await misplaced(harness, media, timeline, "mkv", "aac", format="mp3", loudness="-8") == []


@pytest.mark.parametrize("start", ["0.4", "1"])
@pytest.mark.parametrize("container", ["mp4", "mkv", "ts"])
async def test_the_chosen_track_is_cut_on_the_time_line_that_all_tracks_share(
    harness: TranscodingHarness, media: Media, container: str, start: str
) -> None:
    timeline = Timeline(4.0, late_s=0.9, other_late_s=0.2, has_video=container != "mkv")
    fields = {"audio_track": "1", "start": start, "format": "flac"}
    assert await misplaced(harness, media, timeline, container, "aac", **fields) == []


@pytest.mark.parametrize("late_s", [0.0, 2.0])
@pytest.mark.parametrize("container", ["mp4", "mov"])
async def test_what_an_edit_list_removes_is_not_heard(
    harness: TranscodingHarness, media: Media, container: str, late_s: float
) -> None:
    timeline = Timeline(5.0, late_s=late_s, trim_s=1.3)
    for fields in ({"format": "m4a"}, {"format": "flac", "start": "1"}):
        assert await misplaced(harness, media, timeline, container, "aac", **fields) == [], fields


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
    assert await misplaced(harness, media, timeline, container, codec, format=form) == []


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
    assert output.gaps_s == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(
    ("container", "codec", "by_s", "filled_s"),
    [
        ("mkv", "libmp3lame", 290.0, 290.0),
        ("mkv", "libmp3lame", 3_600.0, 0.0),
        ("ts", "mp2", 30.0, 30.0),
        ("ts", "aac", 290.0, 290.0),
        ("ts", "mp2", 3_600.0, 0.0),
        ("mpg", "mp2", 30.0, 30.0),
        ("ogg", "libvorbis", 30.0, 30.0),
        ("ogg", "flac", 290.0, 290.0),
    ],
)
async def test_a_leap_of_many_minutes_is_filled_and_one_of_an_hour_is_a_joint(
    harness: TranscodingHarness, media: Media, container: str, codec: str, by_s: float, filled_s: float
) -> None:
    source = Timeline(6.0, leaps=(Leap(3.0, by_s),), has_video=False).write(
        media, container, codec, "-ac", "2"
    )
    output = await harness.convert(source, format="flac")
    assert output.duration_s == pytest.approx(6.0 + filled_s, abs=0.1)
    assert output.gaps_s == pytest.approx(filled_s, abs=0.05)


@pytest.mark.parametrize(
    ("container", "codec"),
    [("mkv", "pcm_s16le"), ("mkv", "pcm_s24le"), ("mkv", "wavpack"), ("mkv", "aac"), ("webm", "libopus")],
)
@pytest.mark.parametrize("clock_s", [0.0, 100.0])
async def test_sound_whose_timestamps_overlap_is_whole_however_short_its_packets(
    harness: TranscodingHarness, media: Media, container: str, codec: str, clock_s: float
) -> None:
    overlapping = Timeline(
        5.0, late_s=2.0, leaps=(Leap(2.0, -0.2), Leap(4.0, -0.6)), other_late_s=1.1, clock_s=clock_s
    )
    fields = {"format": "wav", "audio_track": "1"}
    assert await misplaced(harness, media, overlapping, container, codec, **fields) == []
