"""Conversions of long sources by several encoders, whose results are those of one ffmpeg."""

import asyncio
import json
import math
import shutil
import subprocess
from array import array
from collections.abc import Mapping
from pathlib import Path

import pytest

from converter_service.media.errors import Fault, MediaError
from converter_service.media.ffmpeg.tools import Tools, find_tools
from converter_service.media.mp3.info_frame import WRITER
from converter_service.media.transcoder import Output
from tests.support import hostile_media
from tests.support.audio_checks import TranscodingHarness, samples
from tests.support.changing_sound import Part, joined
from tests.support.ffmpeg_generations import Generation
from tests.support.media import Media
from tests.support.quick_programs import decoding_ffmpeg
from tests.support.wait import until

SECONDS = 75.0
HOURS = 11.0
PROCESSORS = 3
CHAPTERS = ";FFMETADATA1\ntitle=Evening\nartist=Choir\n" + "".join(
    f"[CHAPTER]\nTIMEBASE=1/1\nSTART={start}\nEND={start + 25}\ntitle=Part {start}\n" for start in (0, 25, 50)
)
TONE = "sine=frequency=330:beep_factor=3:sample_rate={rate}:duration={seconds}"
CHANGED = "aformat=channel_layouts=stereo,tremolo=f=0.7:d=0.8"


def sound(rate: int = 32_000, seconds: float = SECONDS) -> list[str]:
    """A tone that grows and fades, with a higher one each second."""
    return ["-f", "lavfi", "-i", f"{TONE.format(rate=rate, seconds=seconds)},{CHANGED}"]


def concert(media: Media) -> Path:
    """A video with title, chapters and a cover."""
    described = media.directory / "chapters.txt"
    described.write_text(CHAPTERS)
    others = ["-i", f"file:{media.picture()}", "-i", f"file:{described}"]
    streams = ["-map", "0", "-map", "1:v", "-map_metadata", "2", "-map_chapters", "2"]
    cover = ["-c:v", "copy", "-disposition:v:0", "attached_pic", "-c:a", "aac"]
    return media.made([*sound(), *others, *streams, *cover], "m4a")


def interrupted(media: Media) -> Path:
    """Sound whose timestamps leap ahead by 4 seconds after 30."""
    leap = "aresample=32000,asetpts=PTS+gt(T\\,30)*4/TB"
    return media.made([*sound(), "-af", leap, "-c:a", "pcm_s16le"], "mkv")


def is_joined(file: Path) -> bool:
    """Whether the result was joined from blocks: its first frame then names no version of a program."""
    return WRITER in file.read_bytes()[:20_000]


def length(file: Path) -> int:
    """The number of samples of one channel."""
    command = [decoding_ffmpeg(), "-v", "error", "-i", f"file:{file}", "-ac", "1", "-f", "s16le", "pipe:1"]
    return len(subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=120).stdout) // 2


def described(file: Path) -> Mapping[str, object]:
    """Tags, chapters and streams of a file, without sizes."""
    stream = "stream=codec_name,width,height,duration,sample_rate"
    shown = ["-show_entries", f"format=duration:format_tags:chapter:{stream}"]
    command = ["ffprobe", "-v", "error", "-of", "json", *shown, f"file:{file}"]
    printed = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
    found: Mapping[str, object] = json.loads(printed)
    return found


def similarity_db(ours: "array[int]", other: "array[int]") -> float:
    """How much louder the sound is than the difference."""
    difference = sum((one - two) ** 2 for one, two in zip(ours, other, strict=True))
    return 10 * math.log10(sum(each * each for each in ours) / (difference + 1))


async def both(harness: TranscodingHarness, file: Path, **fields: str) -> tuple[Output, Output, Path]:
    """Converts with one encoder and with several; returns both outputs, and the file of the former."""
    alone = await harness.convert(file, **fields)
    kept = harness.scratch / "alone.mp3"
    harness.result.replace(kept)
    harness.processors = PROCESSORS
    return alone, await harness.convert(file, **fields), kept


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="constant rate"),
        pytest.param({"quality": "4"}, id="varying rate"),
        pytest.param({"bitrate": "96k", "channels": "1", "sample_rate": "22050"}, id="mono of MPEG-2"),
        pytest.param({"start": "3.25", "end": "70.5", "title": "A cut"}, id="a cut"),
        pytest.param({"loudness": "-20"}, id="loudness"),
    ],
)
async def test_the_result_is_that_of_one_encoder(
    harness: TranscodingHarness, media: Media, fields: dict[str, str]
) -> None:
    alone, output, kept = await both(harness, concert(media), **fields)
    assert (is_joined(kept), is_joined(harness.result)) == (False, True)
    assert output.duration_s == pytest.approx(alone.duration_s, abs=1e-6)
    assert (output.format, output.gaps_s) == (alone.format, alone.gaps_s)
    assert output.bitrate_bps <= 1.005 * alone.bitrate_bps
    assert 0.9 * alone.size_bytes <= output.size_bytes <= 1.005 * alone.size_bytes
    assert described(harness.result) == described(kept)
    assert length(harness.result) == length(kept)
    assert similarity_db(samples(harness.result), samples(kept)) > 20


async def test_silence_of_a_leap_is_counted_as_by_one_encoder(
    harness: TranscodingHarness, media: Media
) -> None:
    alone, output, _ = await both(harness, interrupted(media))
    assert is_joined(harness.result)
    assert output.gaps_s == pytest.approx(4, abs=0.1)
    assert (output.gaps_s, output.duration_s) == (alone.gaps_s, alone.duration_s)


async def test_progress_rises_and_all_files_beside_the_result_are_removed(
    harness: TranscodingHarness, media: Media
) -> None:
    harness.processors = PROCESSORS
    source = concert(media)
    await harness.probe(source)
    before = {file.name for file in harness.scratch.iterdir()}
    await harness.convert(source)
    assert harness.reported == sorted(harness.reported)
    assert harness.reported
    assert max(harness.reported) < 1
    assert {file.name for file in harness.scratch.iterdir()} == {"result"} | before
    assert harness.programs() == []


@pytest.mark.parametrize(
    ("seconds", "fields"),
    [
        pytest.param(20.0, {}, id="a short one"),
        pytest.param(SECONDS, {"format": "opus"}, id="another format"),
    ],
)
async def test_some_sources_have_one_encoder(
    harness: TranscodingHarness, media: Media, seconds: float, fields: dict[str, str]
) -> None:
    harness.processors = PROCESSORS
    output = await harness.convert(media.made([*sound(seconds=seconds)], "wav"), **fields)
    assert output.duration_s == pytest.approx(seconds, abs=0.1)
    assert not is_joined(harness.result)


async def test_sound_that_changes_its_sample_rate_is_decoded_apart(
    harness: TranscodingHarness, media: Media
) -> None:
    harness.processors = PROCESSORS
    file = joined(media, "ts", "mp2", Part(500, 40.0, rate=48_000), Part(900, 40.0, rate=32_000))
    output = await harness.convert(file)
    assert output.duration_s == pytest.approx(80, abs=0.3)


def readable_beside(script: Path, real: Tools) -> Path:
    """The real ffmpeg, or a copy: outside /usr the sandbox permits only the folders of the tools."""
    program = Path(real.ffmpeg)
    if program.is_relative_to("/usr") or program.parent == Path(real.ffprobe).parent:
        return program
    return Path(shutil.copy(program, script.with_name("real")))


async def test_when_an_encoder_fails_one_ffmpeg_does_it(
    media: Media, tmp_path: Path, generation: Generation
) -> None:
    real, programs = generation.tools, tmp_path / "programs"
    programs.mkdir()
    script = programs / "ffmpeg"
    original = readable_beside(script, real)
    script.write_text(f'#!/bin/sh\ncase "$*" in *"-f f32be"*) exit 1;; esac\nexec {original} "$@"\n')
    script.chmod(0o755)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    tools = find_tools(1, str(script), real.ffprobe)
    harness = TranscodingHarness(scratch.resolve(), tools, processors=PROCESSORS)
    output = await harness.convert(concert(media))
    assert output.duration_s == pytest.approx(SECONDS, abs=0.1)
    assert not is_joined(harness.result)


async def test_a_cancelled_conversion_leaves_no_program_and_no_file(
    harness: TranscodingHarness, tmp_path: Path
) -> None:
    harness.processors = PROCESSORS
    long = hostile_media.endless_wav(tmp_path / "long.wav", HOURS)
    converting = asyncio.create_task(harness.convert(long))
    await until(lambda: len(harness.programs()) > 2, what="several programs")
    converting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await converting
    assert harness.programs() == []
    assert [file.name for file in harness.scratch.iterdir()] == ["source"]


async def test_time_and_size_limits_hold(harness: TranscodingHarness, media: Media, tmp_path: Path) -> None:
    harness.processors = PROCESSORS
    harness.limited(max_result_bytes=200_000)
    with pytest.raises(MediaError) as refused:
        await harness.convert(concert(media))
    assert refused.value.code is Fault.TOO_LONG
    harness.limited(max_result_bytes=10**9, job_timeout=1.0)
    with pytest.raises(MediaError) as refused:
        await harness.convert(hostile_media.endless_wav(tmp_path / "long.wav", HOURS))
    assert refused.value.code is Fault.TIMED_OUT
    assert harness.programs() == []
