"""Scans for sound that moves read each part of a file once, and end where their budget does."""

import asyncio
import io
from pathlib import Path

import pytest

from converter_service.media import moved_sound, transport_joints, transport_packets
from converter_service.media.scan_budget import GB, LEAST_S, S_PER_GB, ScanBudget, ScanStopped
from converter_service.media.transport_packets import read_chunks
from tests.support.generated_streams import (
    MAP,
    MPEG,
    NEW,
    OLD,
    association,
    joined,
    map_section,
    packed,
    packet,
    pids,
    sound,
    tables,
)


class Steps:
    """A clock that shows how often the budget was looked at."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> float:
        self.count += 1
        return float(self.count)


def budget_of(steps: float) -> ScanBudget:
    return ScanBudget(int((steps - LEAST_S) * GB / S_PER_GB), Steps())


class CountingFile(io.BytesIO):
    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        self.count += len(found)
        return found


def test_a_scan_ends_when_its_time_is_used_up_or_nobody_waits_for_it() -> None:
    budget = budget_of(10)
    for _ in range(11):
        budget.check()
    with pytest.raises(ScanStopped):
        budget.check()
    stopped = ScanBudget(0)
    stopped.check()
    stopped.stop()
    with pytest.raises(ScanStopped):
        stopped.check()


def test_a_scan_that_ends_early_leaves_the_rest_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport_packets, "CHUNK_PACKETS", 5)
    part = tables(1, (MPEG, NEW)) + sound(NEW)
    stream = tables(0, (MPEG, OLD)) + sound(OLD) + part * 20
    changed, has_strays = joined(tmp_path, stream, budget_of(20))
    assert has_strays
    sounds = [pid for pid in pids(changed) if pid not in {0, MAP}]
    assert set(sounds) == {OLD, NEW}
    assert sounds == sorted(sounds)
    assert changed[-len(part) :] == part


def test_a_scan_ends_among_tables(tmp_path: Path) -> None:
    stream = tables(0, (MPEG, OLD)) * 50
    assert joined(tmp_path, stream, budget_of(20)) == (stream, True)


def test_a_scan_of_a_program_stream_ends_early_too(tmp_path: Path) -> None:
    pack = b"\0\0\1\xba\x44" + bytes(9)
    stream = pack + b"\0\0\1\xbe\0\0" * 10_000
    assert joined(tmp_path, stream, budget_of(3)) == (stream, True)


async def test_a_scan_is_stopped_when_its_task_is_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, begun, ended = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

    def scan(_: Path, budget: ScanBudget) -> bool:
        loop.call_soon_threadsafe(begun.set)
        try:
            while True:
                budget.check()
        finally:
            loop.call_soon_threadsafe(ended.set)

    monkeypatch.setattr(moved_sound, "ScanBudget", lambda _: ScanBudget(1000 * GB))
    monkeypatch.setattr(moved_sound, "join_moved_sound", scan)
    source = tmp_path / "source"
    source.touch()
    task = asyncio.create_task(moved_sound.join_in_thread(source))
    await begun.wait()
    task.cancel()
    await ended.wait()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_damaged_packets_do_not_have_the_file_read_again() -> None:
    good = packet(OLD, b"") * 6
    broken = b"\x46" + packet(OLD, b"")[1:]
    file = CountingFile((good + broken) * 3000)
    chunks = list(read_chunks(file, ScanBudget(GB)))
    assert sum(chunk.count for chunk in chunks) == 6 * 3000
    assert file.count <= 2 * len(file.getvalue())


def test_a_file_that_is_damaged_too_often_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport_packets, "MAX_RESYNCS", 10)
    stream = tables(0, (MPEG, OLD)) + sound(OLD) + (b"lost" + packet(OLD, b"") * 6) * 12
    rest = tables(1, (MPEG, NEW)) + sound(NEW)
    assert joined(tmp_path, stream + rest) == (stream + rest, True)


def test_each_packet_of_a_chunk_is_looked_at_once_however_many_programs_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Pids(list[int]):
        looks = 0

        def __iter__(self):  # type: ignore[no-untyped-def]
            for pid in super().__iter__():
                Pids.looks += 1
                yield pid

        def index(self, *_: object) -> int:
            raise AssertionError("searched")

    absent = [(number, 0x1000 + number) for number in range(2, 32)]
    stream = (association((1, MAP), *absent) + packed(MAP, map_section(0, (MPEG, OLD, b"")))) * 50
    file = io.BytesIO(stream)
    (chunk,) = read_chunks(file, ScanBudget(0))
    chunk.pids = Pids(chunk.pids)  # type: ignore[assignment]
    transport_joints._Joints(ScanBudget(0)).take(chunk)
    assert Pids.looks == chunk.count == 100


def test_with_more_programs_than_a_multiplex_has_nothing_is_joined(tmp_path: Path) -> None:
    begin, rest = ([(number, 0x1000 + number) for number in range(first, first + 35)] for first in (2, 50))
    listed = association((1, MAP), *begin, place=(0, 1)) + association(*rest, place=(1, 1))
    stream = listed + packed(MAP, map_section(0, (MPEG, OLD, b""))) + sound(OLD)
    stream += packed(MAP, map_section(1, (MPEG, NEW, b""))) + sound(NEW)
    assert joined(tmp_path, stream) == (stream, True)


def test_sound_that_moves_too_often_is_left_where_it_is(tmp_path: Path) -> None:
    parts = [tables(n % 32, (MPEG, OLD + n)) + sound(OLD + n) for n in range(70)]
    stream = b"".join(parts)
    changed, has_strays = joined(tmp_path, stream)
    assert has_strays
    assert changed == stream
