"""Progress reports and stall detection."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from converter_service.media.ffmpeg.progress import REPORT_PERIOD_S, ProgressReports, Stalled


class Listener:
    def __init__(self) -> None:
        self.reported: list[float] = []

    async def __call__(self, done: float) -> None:
        self.reported.append(done)


async def lines(*texts: bytes) -> AsyncIterator[bytes]:
    for text in texts:
        yield text


async def silence() -> AsyncIterator[bytes]:
    await asyncio.Event().wait()
    yield b""


async def test_a_share_below_one_is_reported() -> None:
    listener = Listener()
    reports = ProgressReports(10.0, listener)
    await reports.follow(lines(b"out_time_us=N/A", b"out_time_us=2500000", b"progress=continue"), 60)
    assert (listener.reported, reports.made_s) == ([0.25], 2.5)
    listener = Listener()
    await ProgressReports(10.0, listener).follow(lines(b"out_time_us=99000000"), 60)
    assert listener.reported == [0.99]


async def test_a_flood_of_reports_is_throttled() -> None:
    listener = Listener()
    flood = (b"out_time_us=%d" % (n * 1000) for n in range(1, 9000))
    began = time.monotonic()
    await ProgressReports(10.0, listener).follow(lines(*flood), 60)
    periods = (time.monotonic() - began) / REPORT_PERIOD_S
    assert 1 <= len(listener.reported) <= 1 + periods


async def test_a_second_pass_reports_nothing_that_was_reported_before() -> None:
    listener = Listener()
    reports = ProgressReports(10.0, listener)
    await reports.follow(lines(b"out_time_us=9000000"), 60)
    await reports.follow(lines(b"out_time_us=1000000"), 60)
    assert listener.reported == [0.9]
    assert reports.made_s == 1.0


async def test_without_an_expected_duration_nothing_is_reported() -> None:
    listener = Listener()
    await ProgressReports(None, listener).follow(lines(b"out_time_us=9000000"), 60)
    assert listener.reported == []


@pytest.mark.parametrize("value", [b"-5", b"", b"x", b"1e9", b"\xff"])
async def test_malformed_progress_is_ignored(value: bytes) -> None:
    reports = ProgressReports(10.0, Listener())
    await reports.follow(lines(b"out_time_us=" + value, b"=", b""), 60)
    assert reports.made_s == 0.0


async def test_skipped_audio_extends_the_stall_timeout() -> None:
    async def slowly() -> AsyncIterator[bytes]:
        await asyncio.sleep(0.1)
        yield b"out_time_us=N/A"
        yield b"out_time_us=1000000"
        await asyncio.Event().wait()

    reports = ProgressReports(10.0, Listener())
    with pytest.raises(Stalled):
        await reports.follow(slowly(), 0.05, skipped_s=30.0)
    assert reports.made_s == 1.0
    with pytest.raises(Stalled):
        await ProgressReports(10.0, Listener()).follow(silence(), 0.05, skipped_s=0.05)


async def test_silence_and_repeated_times_are_stalls() -> None:
    with pytest.raises(Stalled):
        await ProgressReports(10.0, Listener()).follow(silence(), 0.05)

    async def same_again() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0)
            yield b"out_time_us=1000000"

    with pytest.raises(Stalled):
        await ProgressReports(10.0, Listener()).follow(same_again(), 0.05)


async def test_each_pass_covers_its_share() -> None:
    listener = Listener()
    reports = ProgressReports(10.0, listener)
    reports.end = 0.5
    await reports.follow(lines(b"out_time_us=5000000"), 60)
    again = ProgressReports(10.0, listener)
    again.begin = 0.5
    await again.follow(lines(b"out_time_us=5000000"), 60)
    assert listener.reported == [0.25, 0.75]
    reports.begin = reports.end = 0.0
    await reports.follow(lines(b"out_time_us=5000000"), 60)
    assert listener.reported == [0.25, 0.75]
