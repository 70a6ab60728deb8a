"""Sound of program streams moves to the first identifier only where no two are heard at the same time."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from converter_service.media import program_joints
from converter_service.media.scan_budget import GB, ScanBudget

PACK = b"\0\0\1\xba\x44" + bytes(9)
STEP = 2000


def ticks(mark: int, time: int) -> bytes:
    high, middle, low = time >> 30, time >> 15 & 0x7FFF, time & 0x7FFF
    return bytes([mark | high << 1 | 1]) + (middle << 1 | 1).to_bytes(2) + (low << 1 | 1).to_bytes(2)


def packet(name: int, time: int | None, *, is_old: bool = False, substream: bool = False) -> bytes:
    stamp = b"" if time is None else ticks(0x20, time)
    head = bytes([0x80, 0x80 if stamp else 0, len(stamp)]) + stamp
    if is_old:
        head = b"\xff\xff\x40\x20" + (stamp or b"\x0f")
    content = head + (bytes([name]) if substream else b"") + bytes(20)
    return b"\0\0\1" + bytes([0xBD if substream else name]) + len(content).to_bytes(2) + content


def run(
    name: int, begin: int, count: int = 20, *, is_old: bool = False, substream: bool = False
) -> list[bytes]:
    times = (begin + number * STEP for number in range(count))
    return [packet(name, time, is_old=is_old, substream=substream) for time in times]


def joined(folder: Path, packets: Iterable[bytes]) -> tuple[bytes, bool]:
    file = folder / "source.mpg"
    file.write_bytes(PACK + b"".join(packets))
    has_strays = program_joints.join_moved_sound(file, ScanBudget(GB))
    return file.read_bytes().removeprefix(PACK), has_strays


@pytest.mark.parametrize("is_old", [False, True])
@pytest.mark.parametrize("end", [20 * STEP, 1_000_000], ids=["at once", "after a leap"])
def test_sound_behind_sound_gets_its_identifier(tmp_path: Path, is_old: bool, end: int) -> None:
    content = run(0xC0, 0, is_old=is_old) + run(0xC1, end, is_old=is_old)
    due = run(0xC0, 0, is_old=is_old) + run(0xC0, end, is_old=is_old)
    assert joined(tmp_path, content) == (b"".join(due), False)


def test_substreams_are_joined_by_kind(tmp_path: Path) -> None:
    content = run(0x80, 0, substream=True) + run(0xA0, 20 * STEP, substream=True)
    content += run(0x81, 40 * STEP, substream=True)
    due = content[:40] + run(0x80, 40 * STEP, substream=True)
    assert joined(tmp_path, content) == (b"".join(due), False)


@pytest.mark.parametrize("group", [1, 2, 20, 100])
def test_tracks_at_the_same_time_stay_two_however_they_are_grouped(tmp_path: Path, group: int) -> None:
    content = []
    for number in range(10):
        begin = number * group * STEP
        content += run(0xC0, begin, group) + run(0xC1, begin + 100, group)
    assert joined(tmp_path, content) == (b"".join(content), False)


def test_a_few_packets_do_not_show_that_sound_is_not_heard_at_the_same_time(tmp_path: Path) -> None:
    content = [packet(0xC0, 0), packet(0xC1, 100)]
    assert joined(tmp_path, content) == (b"".join(content), True)


def test_sound_without_timestamps_is_left_alone(tmp_path: Path) -> None:
    content = [packet(0xC0, None)] * 20 + [packet(0xC1, None)] * 20
    assert joined(tmp_path, content) == (b"".join(content), True)


def test_sound_that_changes_too_often_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program_joints, "MAX_RUNS", 3)
    parts = [run(0xC0 + number % 2, number * 1_000_000) for number in range(8)]
    content = [each for part in parts for each in part]
    assert joined(tmp_path, content) == (b"".join(content), False)
