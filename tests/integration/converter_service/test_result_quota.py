"""The audio that conversions make counts against quota and disk before it is made and stored."""

import asyncio
from pathlib import Path
from shutil import disk_usage

from msgspec.structs import replace

from converter_service.conversions.model import Conversion, State
from tests.support.worker_harness import INFO, VIDEO, ScriptedTranscoder, WorkerHarness

MIB = 1024 * 1024
LONG = replace(INFO, duration_s=600.0)
# Two seconds at 192 kbit/s.
EXPECTED = 48_000


async def ending(harness: WorkerHarness, conversion: Conversion) -> tuple[State, str | None]:
    now = await harness.now(conversion)
    return now.status, now.error.code if now.error else None


async def test_a_conversion_whose_audio_will_exceed_the_quota_fails_before_it_begins(
    harness: WorkerHarness,
) -> None:
    conversion, transcoder = await harness.queued(), ScriptedTranscoder(info=LONG)
    await harness.worker(transcoder, account_bytes=10 * MIB).run(conversion.id)
    assert await ending(harness, conversion) == (State.FAILED, "too_long")
    assert transcoder.runs == 0
    assert (await harness.queue.usage("alice")).bytes == len(VIDEO)


async def test_the_expected_audio_of_a_running_conversion_counts(harness: WorkerHarness) -> None:
    go_on = asyncio.Event()

    async def waits(_: Path) -> None:
        await go_on.wait()

    first, second, third = [await harness.queued(VIDEO + bytes([n])) for n in range(3)]
    stored = sum(conversion.source.size or 0 for conversion in (first, second, third))
    room = stored + EXPECTED + EXPECTED // 2
    transcoder = ScriptedTranscoder(during=waits)
    running = asyncio.create_task(harness.worker(transcoder, account_bytes=room).run(first.id))
    await transcoder.began.wait()
    assert (await harness.queue.usage("alice")).bytes == stored + EXPECTED
    await harness.worker(ScriptedTranscoder(), account_bytes=room).run(second.id)
    assert await ending(harness, second) == (State.FAILED, "too_long")
    go_on.set()
    await running
    await harness.worker(ScriptedTranscoder(), account_bytes=room).run(third.id)
    assert [await ending(harness, each) for each in (first, third)] == [(State.COMPLETED, None)] * 2


async def test_audio_that_is_larger_than_expected_is_checked_before_it_is_stored(
    harness: WorkerHarness,
) -> None:
    unknown = replace(INFO, duration_s=0.0)
    first, second = await harness.queued(), await harness.queued(VIDEO + b"other")
    room = 2 * len(VIDEO) + 5 + len(ScriptedTranscoder().audio_of(VIDEO))
    for conversion in (first, second):
        await harness.worker(ScriptedTranscoder(info=unknown), account_bytes=room).run(conversion.id)
    assert await ending(harness, first) == (State.COMPLETED, None)
    assert await ending(harness, second) == (State.FAILED, "too_long")
    kept = [(await harness.now(each)).audio_blob for each in (first, second)]
    assert await harness.blobs_stored() == {kept[0], first.source_blob, second.source_blob}


async def test_audio_that_is_copied_from_an_earlier_conversion_counts(harness: WorkerHarness) -> None:
    first, second = await harness.queued(), await harness.queued()
    room = 2 * len(VIDEO) + EXPECTED
    await harness.worker(ScriptedTranscoder(), account_bytes=room).run(first.id)
    assert await ending(harness, first) == (State.COMPLETED, None)
    audio = len(ScriptedTranscoder().audio_of(VIDEO))
    await harness.worker(ScriptedTranscoder(), account_bytes=2 * len(VIDEO) + 2 * audio - 1).run(second.id)
    assert await ending(harness, second) == (State.FAILED, "too_long")


async def test_what_needs_more_room_than_the_disk_has_is_too_long_and_not_tried_again(
    harness: WorkerHarness,
) -> None:
    hours = disk_usage(harness.scratch.home).total / 24_000 / 3600 + 1
    endless, ordinary = replace(INFO, duration_s=3600 * hours), ScriptedTranscoder()
    conversion, other = await harness.queued(), await harness.queued(VIDEO + b"other")
    transcoder = ScriptedTranscoder(info=endless)
    await harness.worker(transcoder).run(conversion.id)
    assert await ending(harness, conversion) == (State.FAILED, "too_long")
    assert transcoder.runs == 0
    await harness.worker(ordinary).run(other.id)
    assert await ending(harness, other) == (State.COMPLETED, None)
