"""Counting of an MP3's frames by their headers."""

from pathlib import Path

import pytest

from converter_service.media.mp3 import frame_count
from converter_service.media.mp3.frame_count import FrameCount, count_frames

# MPEG-1 Layer III, 128 kbit/s, 44.1 kHz, two channels: 417 bytes, one more with padding.
HEAD, PADDED = bytes.fromhex("fffb9000"), bytes.fromhex("fffb9200")
FRAME, PADDED_FRAME = HEAD.ljust(417, b"\0"), PADDED.ljust(418, b"\0")
FRAME_S = 1152 / 44_100


def first(frames: int, kind: bytes = b"Info", flags: int = 0b1111) -> bytes:
    info = kind + flags.to_bytes(4, "big") + frames.to_bytes(4, "big")
    return (HEAD + bytes(32) + info).ljust(417, b"\0")


def counted(path: Path, content: bytes) -> FrameCount:
    (path / "sound.mp3").write_bytes(content)
    return count_frames(path / "sound.mp3")


@pytest.mark.parametrize("frames", [0, 1, 7, 3000])
def test_frames_are_counted_whatever_their_padding(tmp_path: Path, frames: int) -> None:
    content = first(frames) + (FRAME + PADDED_FRAME) * (frames // 2) + FRAME * (frames % 2)
    count = counted(tmp_path, content)
    assert (count.declared, count.counted, count.frame_s) == (frames, frames, FRAME_S)


def test_a_constant_rate_is_a_whole_one_and_a_varying_one_the_average(tmp_path: Path) -> None:
    louder = bytes.fromhex("fffbb000").ljust(626, b"\0")
    assert counted(tmp_path, first(100) + (FRAME * 24 + PADDED_FRAME) * 4).bitrate_bps == 128_000
    varying = counted(tmp_path, first(200, b"Xing") + (FRAME + louder) * 100)
    assert varying.bitrate_bps == pytest.approx(160_000, rel=0.01)


def test_tags_in_front_and_behind_are_no_frames(tmp_path: Path) -> None:
    tag = b"ID3\x04\x00\x00" + bytes([0, 0, 1, 2]) + HEAD.ljust(130, b"\xff")
    assert counted(tmp_path, tag + first(2) + FRAME * 2 + b"TAG".ljust(128, b"\0")).counted == 2


@pytest.mark.parametrize("block", [1500, 2000, 4096])
def test_frames_across_the_borders_of_what_is_read_at_once_are_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(frame_count, "BLOCK_BYTES", block)
    assert counted(tmp_path, first(500) + (FRAME + PADDED_FRAME) * 250).counted == 500


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"RIFF" + bytes(1000), id="no MP3"),
        pytest.param(FRAME * 5, id="no declared number"),
        pytest.param(first(5, flags=0) + FRAME * 5, id="a header without a number"),
        pytest.param(first(5) + FRAME * 4 + FRAME[:200], id="the last frame is cut off"),
        pytest.param(first(5) + FRAME * 2 + bytes(50) + FRAME * 3, id="something between frames"),
        pytest.param(first(5) + FRAME * 5 + b"TAG", id="half a tag behind"),
        pytest.param(first(5) + FRAME * 4 + bytes.fromhex("fffb9400").ljust(417, b"\0"), id="another rate"),
        pytest.param(first(5) + FRAME * 4 + bytes.fromhex("fffd9000").ljust(417, b"\0"), id="Layer II"),
    ],
)
def test_anything_but_whole_frames_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ValueError, match="frame"):
        counted(tmp_path, content)
