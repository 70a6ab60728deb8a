"""Files written to a pipe, whose headers do not tell their length."""

import struct
import subprocess
from pathlib import Path

import pytest

from converter_service.media.errors import Fault, MediaError
from tests.support.audio_checks import TranscodingHarness, pitch_hz

SECONDS = 3.0


def pipe(container: str, *options: str) -> bytes:
    codec = "pcm_s16be" if container in {"aiff", "au"} else "pcm_s16le"
    tone = ["-f", "lavfi", "-i", f"sine=frequency=440:duration={SECONDS}:sample_rate=48000"]
    command = ["ffmpeg", "-v", "error", *tone, "-c:a", codec, "-f", container, *options, "pipe:1"]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


def wav(size: int, riff: int) -> bytes:
    whole = bytearray(pipe("wav", "-bitexact"))
    at = whole.index(b"data") + 4
    struct.pack_into("<I", whole, at, size)
    struct.pack_into("<I", whole, 4, riff)
    return bytes(whole)


def aiff(size: int, frames: int) -> bytes:
    whole = bytearray(pipe("aiff"))
    struct.pack_into(">I", whole, whole.index(b"SSND") + 4, size)
    struct.pack_into(">I", whole, whole.index(b"COMM") + 10, frames)
    struct.pack_into(">I", whole, 4, size)
    return bytes(whole)


def au(size: int) -> bytes:
    whole = bytearray(pipe("au"))
    struct.pack_into(">I", whole, 8, size)
    return bytes(whole)


async def assert_whole(harness: TranscodingHarness, file: Path, form: str = "mp3") -> None:
    info = await harness.probe(file)
    assert info.duration_s == pytest.approx(SECONDS, abs=0.01)
    output = await harness.convert(file, format=form)
    assert output.duration_s == pytest.approx(SECONDS, abs=0.05)
    assert pitch_hz(harness.result) == pytest.approx(440, abs=3)


@pytest.mark.parametrize(
    ("container", "options"),
    [
        ("wav", ()),
        ("wav", ("-rf64", "always")),
        ("w64", ()),
        ("aiff", ()),
        ("au", ()),
        ("caf", ()),
    ],
)
async def test_a_file_that_ffmpeg_wrote_to_a_pipe_is_whole(
    harness: TranscodingHarness, tmp_path: Path, container: str, options: tuple[str, ...]
) -> None:
    file = tmp_path / "piped"
    file.write_bytes(pipe(container, *options))
    await assert_whole(harness, file)


@pytest.mark.parametrize(
    "size",
    [0, 0x7F000000, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFF000, 0xFFFFFFFF],
)
@pytest.mark.parametrize("container", ["wav", "aiff", "au"])
async def test_a_length_near_a_limit_is_none(
    harness: TranscodingHarness, tmp_path: Path, container: str, size: int
) -> None:
    """SoX, speech services and others write such lengths."""
    file = tmp_path / "piped"
    made = {
        "wav": lambda: wav(size, min(size + 36, 0xFFFFFFFF)),
        "aiff": lambda: aiff(size, size // 2),
        "au": lambda: au(size),
    }
    file.write_bytes(made[container]())
    await assert_whole(harness, file, "wav")


def chunk(name: bytes, content: bytes, order: str = "<") -> bytes:
    return name + struct.pack(f"{order}I", len(content)) + content + bytes(len(content) % 2)


TAGS = chunk(b"LIST", b"INFO" + chunk(b"INAM", b"A title of odd length\0" + b"!" * 60_000))
PICTURE = chunk(b"id3 ", b"ID3\3\0\0" + b"\x55" * 200_001)


@pytest.mark.parametrize("behind", [TAGS, PICTURE, TAGS + PICTURE], ids=["LIST", "ID3", "both"])
@pytest.mark.parametrize("size", [0, 0x7FFFF000, 0xFFFFFFFF])
async def test_chunks_behind_wav_sound_of_unknown_length_are_not_heard(
    harness: TranscodingHarness, tmp_path: Path, size: int, behind: bytes
) -> None:
    file = tmp_path / "tagged"
    file.write_bytes(wav(size, 0xFFFFFFFF) + behind)
    await assert_whole(harness, file, "flac")


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF])
async def test_chunks_behind_aiff_sound_of_unknown_length_are_not_heard(
    harness: TranscodingHarness, tmp_path: Path, size: int
) -> None:
    file = tmp_path / "tagged"
    behind = chunk(b"NAME", b"a title", ">") + chunk(b"ID3 ", b"ID3\3\0\0" + b"\x55" * 200_000, ">")
    file.write_bytes(aiff(size, size // 2) + behind)
    await assert_whole(harness, file, "mp3")


async def test_chunks_behind_rf64_sound_of_unknown_length_are_not_heard(
    harness: TranscodingHarness, tmp_path: Path
) -> None:
    file = tmp_path / "tagged"
    file.write_bytes(pipe("wav", "-rf64", "always") + PICTURE)
    await assert_whole(harness, file, "wav")


async def test_sound_that_has_a_chunks_name_in_it_is_whole(
    harness: TranscodingHarness, tmp_path: Path
) -> None:
    """The name is no chunk unless its length leads to the end of the file."""
    whole = bytearray(wav(0xFFFFFFFF, 0xFFFFFFFF))
    whole[-80_000:-79_992] = b"LIST\x10\x00\x00\x00"
    file = tmp_path / "named"
    file.write_bytes(whole)
    await assert_whole(harness, file)


@pytest.mark.parametrize("claimed", [400_000, 0x10000000])
async def test_any_other_length_is_a_promise(
    harness: TranscodingHarness, tmp_path: Path, claimed: int
) -> None:
    file = tmp_path / "cut"
    file.write_bytes(wav(claimed, claimed + 36))
    with pytest.raises(MediaError) as refused:
        await harness.convert(file)
    assert refused.value.code is Fault.UNREADABLE_MEDIA


@pytest.mark.parametrize("written", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("behind", [b"", TAGS], ids=["nothing", "tags"])
async def test_sound_behind_the_length_that_a_recorder_wrote_last_is_heard(
    harness: TranscodingHarness, tmp_path: Path, written: float, behind: bytes
) -> None:
    """It was cut off from its power; the header is that of some seconds before."""
    size = int(SECONDS * 48_000 * written) * 2
    file = tmp_path / "cut"
    file.write_bytes(wav(size, size + 36) + behind)
    await assert_whole(harness, file, "wav")


@pytest.mark.parametrize("behind", [bytes(50_000), chunk(b"zzz1", b"\x55" * 50_000), b"\x55" * 1000])
async def test_what_is_no_sound_behind_the_sound_is_not_heard(
    harness: TranscodingHarness, tmp_path: Path, behind: bytes
) -> None:
    file = tmp_path / "padded"
    size = int(SECONDS * 48_000) * 2
    file.write_bytes(wav(size, size + 36) + behind)
    await assert_whole(harness, file, "wav")
