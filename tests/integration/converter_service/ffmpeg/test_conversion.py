"""Conversions of real files with ffmpeg: containers, durations, options and progress."""

import subprocess
from pathlib import Path

import pytest

from converter_service.media.errors import Fault, MediaError, TranscoderUnavailable
from converter_service.media.ffmpeg.tools import find_tools
from tests.support import hostile_media
from tests.support.audio_checks import SAMPLE_HZ, TranscodingHarness, loudest, pitch_hz, samples
from tests.support.audio_signals import chirp
from tests.support.media import Media, probe
from tests.support.mp3 import facts_of

SECONDS = 4.0
PICTURE = ("-f", "lavfi", "-i", f"testsrc=size=64x36:rate=25:duration={SECONDS}")


def tone(seconds: float = SECONDS, layout: str = "stereo", rate: int = 44_100) -> tuple[str, ...]:
    shape = f"aformat=channel_layouts={layout}:sample_rates={rate}"
    return ("-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds},{shape}")


def printed(program: str, *arguments: str) -> bytes:
    command = [program, "-v", "error", *arguments]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


async def assert_becomes_mp3(
    harness: TranscodingHarness, file: Path, seconds: float = SECONDS, padding_s: float = 0.1
) -> None:
    output = await harness.convert(file)
    facts = facts_of(harness.result)
    assert facts.codec == "mp3"
    assert output.duration_s == pytest.approx(seconds, abs=padding_s)
    assert facts.duration_s == pytest.approx(seconds, abs=padding_s)
    assert output.size_bytes == harness.result.stat().st_size
    assert pitch_hz(harness.result) == pytest.approx(440, abs=4)


@pytest.mark.parametrize("container", ["mp4", "mov", "mkv", "webm", "avi", "mpg", "ts", "flv", "ogv"])
async def test_a_container_is_detected_by_its_content(
    harness: TranscodingHarness, media: Media, container: str
) -> None:
    info = await harness.probe(media.video(SECONDS, container=container))
    assert info.container == {"ogv": "ogg"}.get(container, container)
    assert len(info.audio_tracks) == len(info.pictures) == 1


@pytest.mark.parametrize("container", ["wav", "mp3", "flac", "aac", "ogg", "aiff", "m4a", "caf", "au"])
async def test_sound_without_a_picture_becomes_an_mp3(
    harness: TranscodingHarness, media: Media, container: str
) -> None:
    await assert_becomes_mp3(harness, media.audio(SECONDS, container=container))


@pytest.mark.parametrize("container", ["mka", "webm"])
async def test_webm_and_matroska_are_distinguished_whatever_they_contain(
    harness: TranscodingHarness, media: Media, container: str
) -> None:
    sound = media.made([*tone(), "-c:a", "libopus"], container)
    assert (await harness.probe(sound)).container == container


@pytest.mark.parametrize(
    ("container", "arguments"),
    [
        pytest.param("mov", ("-c:a", "pcm_s24le"), id="pcm in mov"),
        pytest.param("avi", ("-c:a", "adpcm_ms"), id="adpcm in avi"),
    ],
)
async def test_rare_video_formats_become_mp3s(
    harness: TranscodingHarness, media: Media, container: str, arguments: tuple[str, ...]
) -> None:
    await assert_becomes_mp3(harness, media.made([*PICTURE, *tone(), *arguments], container))


@pytest.mark.parametrize(
    ("layout", "rate", "channels", "written_rate"),
    [("mono", 8_000, 1, 8_000), ("stereo", 96_000, 2, 48_000), ("5.1", 48_000, 2, 48_000)],
)
async def test_unsupported_layouts_and_rates_are_converted_to_the_nearest_supported(
    harness: TranscodingHarness, media: Media, layout: str, rate: int, channels: int, written_rate: int
) -> None:
    # The encoder's delay and the last frame, which take longer at low rates.
    padding_s = 0.1 + 1200 / written_rate
    await assert_becomes_mp3(harness, media.made(tone(layout=layout, rate=rate), "wav"), padding_s=padding_s)
    (stream,) = probe(harness.result)["streams"]
    assert (stream["channels"], int(stream["sample_rate"])) == (channels, written_rate)


async def test_a_live_recording_without_a_duration_is_converted_to_its_end(
    harness: TranscodingHarness, media: Media, tmp_path: Path
) -> None:
    made = media.video(SECONDS, container="webm")
    live = tmp_path / "live.webm"
    live.write_bytes(printed("ffmpeg", "-i", str(made), "-c", "copy", "-f", "webm", "-live", "1", "pipe:1"))
    assert (await harness.probe(live)).duration_s is None
    await assert_becomes_mp3(harness, live)


@pytest.mark.parametrize("container", ["mp4", "mkv", "flv"])
async def test_audio_that_is_shorter_than_its_video_is_complete(
    harness: TranscodingHarness, media: Media, container: str
) -> None:
    short = [*PICTURE, *tone(2.5), "-ar", "44100"]
    await assert_becomes_mp3(harness, media.made(short, container), seconds=2.5)


@pytest.mark.parametrize("container", ["mp4", "mkv", "mov"])
async def test_audio_that_starts_late_is_complete(
    harness: TranscodingHarness, media: Media, container: str
) -> None:
    late = [*PICTURE, "-itsoffset", "1.5", *tone(2.5)]
    await assert_becomes_mp3(harness, media.made(late, container), seconds=2.5)


async def test_an_edit_list_cuts_the_audio_too(harness: TranscodingHarness, media: Media) -> None:
    whole = media.video(SECONDS)
    cut = media.made(["-ss", "1.5", "-i", str(whole), "-t", "2", "-c", "copy"], "mp4")
    await assert_becomes_mp3(harness, cut, seconds=2.0)


@pytest.mark.parametrize(("container", "codec"), [("mp4", "aac"), ("mkv", "libopus")])
async def test_a_gap_in_the_timestamps_becomes_silence(
    harness: TranscodingHarness, media: Media, container: str, codec: str
) -> None:
    holed = ("-f", "lavfi", "-i", f"sine=frequency=440:duration={SECONDS},aselect='not(between(t,1,3))'")
    output = await harness.convert(media.made([*PICTURE, *holed, "-c:a", codec], container))
    assert output.duration_s == pytest.approx(SECONDS, abs=0.15)
    decoded = samples(harness.result)
    assert loudest(decoded[: SAMPLE_HZ // 2]) > 1000
    assert loudest(decoded[int(1.5 * SAMPLE_HZ) : int(2.5 * SAMPLE_HZ)]) < 100


async def test_a_silent_track_is_converted(harness: TranscodingHarness, media: Media) -> None:
    silence = media.made([*PICTURE, "-f", "lavfi", "-i", "anullsrc", "-shortest"], "mp4")
    output = await harness.convert(silence)
    assert output.duration_s == pytest.approx(SECONDS, abs=0.1)


@pytest.mark.parametrize("bitrate", [64, 192, 320])
async def test_the_bit_rate_is_the_one_requested(
    harness: TranscodingHarness, media: Media, bitrate: int
) -> None:
    output = await harness.convert(media.video(SECONDS), bitrate=f"{bitrate}k")
    assert output.bitrate_bps == facts_of(harness.result).bitrate_bps == bitrate * 1000


async def test_a_better_quality_makes_a_larger_file(harness: TranscodingHarness, media: Media) -> None:
    noise = media.made(["-f", "lavfi", "-i", f"anoisesrc=duration={SECONDS}:amplitude=0.3"], "wav")
    best = await harness.convert(noise, quality="0")
    worst = await harness.convert(noise, quality="9")
    assert best.size_bytes > 2 * worst.size_bytes


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({"start": "1"}, 3.0),
        ({"end": "1.5"}, 1.5),
        ({"start": "0.75", "end": "2"}, 1.25),
        ({"end": "99"}, 4.0),
    ],
)
async def test_a_part_is_cut_at_the_requested_times(
    harness: TranscodingHarness, media: Media, fields: dict[str, str], seconds: float
) -> None:
    output = await harness.convert(media.video(SECONDS, container="mkv"), **fields)
    assert output.duration_s == pytest.approx(seconds, abs=0.06)


async def test_seeking_to_a_late_start_is_not_a_stall(harness: TranscodingHarness) -> None:
    """ffmpeg writes nothing until it reaches the start."""
    harness.limited(stall_timeout=0.6)
    long = hostile_media.endless_wav(harness.source, hours=11.0)
    output = await harness.convert(long, start="20000", end="20001")
    assert output.duration_s == pytest.approx(1.0, abs=0.05)


async def test_a_start_after_the_end_of_the_audio_is_refused(
    harness: TranscodingHarness, media: Media
) -> None:
    with pytest.raises(MediaError) as refused:
        await harness.convert(media.video(SECONDS), start="60")
    assert refused.value.code is Fault.BAD_OPTIONS
    assert not harness.result.exists()


async def test_the_requested_audio_track_is_converted(harness: TranscodingHarness, media: Media) -> None:
    video = media.video(SECONDS, container="mkv", tracks=2)
    await harness.convert(video)
    assert pitch_hz(harness.result) == pytest.approx(440, abs=4)
    await harness.convert(video, audio_track="1")
    assert pitch_hz(harness.result) == pytest.approx(660, abs=4)


async def test_a_missing_audio_track_is_refused(harness: TranscodingHarness, media: Media) -> None:
    with pytest.raises(MediaError) as refused:
        await harness.convert(media.video(SECONDS), audio_track="1")
    assert refused.value.code is Fault.BAD_OPTIONS


async def test_requested_tags_override_those_of_the_source(harness: TranscodingHarness, media: Media) -> None:
    video = media.video(SECONDS, metadata=[("title", "Old"), ("artist", "Kept")])
    await harness.convert(video, title="New = 'quoted' -y", album="-f null")
    tags = probe(harness.result)["format"]["tags"]
    assert (tags["title"], tags["artist"], tags["album"]) == ("New = 'quoted' -y", "Kept", "-f null")
    assert "major_brand" not in tags


@pytest.mark.parametrize(
    ("name", "codec"),
    [("mp3", "mp3"), ("m4a", "aac"), ("opus", "opus"), ("flac", "flac"), ("wav", "pcm_s16le")],
)
async def test_every_offered_format_is_produced(
    harness: TranscodingHarness, media: Media, name: str, codec: str
) -> None:
    output = await harness.convert(media.video(SECONDS), format=name)
    assert output.format == name
    assert output.duration_s == pytest.approx(SECONDS, abs=0.1)
    (stream,) = probe(harness.result)["streams"]
    assert stream["codec_name"] == codec
    assert pitch_hz(harness.result) == pytest.approx(440, abs=4)


async def test_channels_and_sample_rate_are_those_requested(
    harness: TranscodingHarness, media: Media
) -> None:
    await harness.convert(media.made(tone(), "wav"), channels="1", sample_rate="22050")
    (stream,) = probe(harness.result)["streams"]
    assert (stream["channels"], stream["sample_rate"]) == (1, "22050")


@pytest.mark.parametrize("fields", [{"sample_rate": "8000"}, {"format": "opus", "bitrate": "320k"}])
async def test_bit_rates_that_need_two_channels_are_lowered_for_mono(
    harness: TranscodingHarness, media: Media, fields: dict[str, str]
) -> None:
    output = await harness.convert(media.made(tone(layout="mono"), "wav"), **fields)
    assert output.duration_s == pytest.approx(SECONDS, abs=0.1)


async def test_opus_does_not_exceed_the_bit_rate(harness: TranscodingHarness, media: Media) -> None:
    rising = media.made(chirp(SECONDS, layout="stereo"), "wav")
    output = await harness.convert(rising, format="opus", bitrate="96k")
    assert output.bitrate_bps == pytest.approx(96_000, rel=0.05)


@pytest.mark.parametrize("cover", ["auto", "none"])
async def test_progress_only_grows_and_is_throttled(
    harness: TranscodingHarness, media: Media, cover: str
) -> None:
    """Also with a cover, whose time newer ffmpegs report at the end."""
    still = ("-f", "lavfi", "-i", "testsrc=size=64x36:rate=1:duration=300")
    source = media.made([*still, *tone(300), "-c:v", "mpeg4", "-c:a", "flac"], "mkv")
    await harness.convert(source, cover=cover)
    assert harness.reported == sorted(set(harness.reported))
    assert 1 <= len(harness.reported) <= 40
    assert all(0 < done < 1 for done in harness.reported)


async def test_a_missing_ffmpeg_is_reported(harness: TranscodingHarness) -> None:
    with pytest.raises(TranscoderUnavailable, match="no-such-program"):
        find_tools(1, ffmpeg="no-such-program")


async def test_this_machines_ffmpeg_passes_the_check_at_start(harness: TranscodingHarness) -> None:
    await harness.transcoder.check(harness.scratch)


async def test_an_existing_result_is_replaced(harness: TranscodingHarness, media: Media) -> None:
    harness.result.write_bytes(b"an earlier attempt's")
    await assert_becomes_mp3(harness, media.video(SECONDS))


async def test_audio_whose_decoder_drops_its_first_frame_becomes_opus(
    harness: TranscodingHarness, media: Media
) -> None:
    """The WMA decoder drops the first frame, and Ogg records where audio begins."""
    sound = media.made([*tone(1.2, rate=32_000), "-c:a", "wmav2", "-b:a", "128k"], "wmv")
    output = await harness.convert(sound, format="opus")
    assert output.duration_s == pytest.approx(1.2, abs=0.15)
