"""The processor time of an account is bounded: expected before a run, measured after it."""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from converter_service.conversions.model import State
from converter_service.conversions.processor_quota import ProcessorQuota
from converter_service.media.errors import Fault, MediaError
from converter_service.media.processor_time import METER, metered
from converter_service.media.sandbox.policy import Limits
from converter_service.media.sandbox.process import sandboxed
from converter_service.storage.processor_use import MongoProcessorUse
from shared.clock import utc_now
from tests.support.audio_checks import TranscodingHarness
from tests.support.converter import ConverterApi, converter_api
from tests.support.media import Media
from tests.support.wait import PATIENCE_S, until
from tests.support.worker_harness import INFO, ScriptedTranscoder, WorkerHarness

HALF_A_DAY_S = 43_200.0
DAY = timedelta(hours=24)
LIMITS = Limits(cpu_s=60, memory_bytes=1024**3, file_bytes=1024**2)


async def used_s(harness: WorkerHarness, owner_id: str = "alice") -> float:
    return await harness.processor_use.used(owner_id, utc_now() - DAY)


async def burn(path: Path) -> None:
    """Runs a program that uses 1.2 processor seconds."""
    python, prefix = Path(sys.executable).resolve(), Path(sys.base_prefix)
    code = "import time\nwhile time.process_time() < 1.2: pass"
    command = [str(python), "-I", "-S", "-c", code]
    async with sandboxed(command, LIMITS, readable=[python.parent, prefix], scratch=path.parent) as running:
        assert (await running.wait()).code == 0


async def test_a_conversion_that_would_use_more_than_the_account_has_is_not_begun(
    harness: WorkerHarness,
) -> None:
    """Twelve hours with loudness normalisation would keep a core busy for most of an hour."""
    transcoder = ScriptedTranscoder(info=replace(INFO, duration_s=HALF_A_DAY_S))
    worker = harness.worker(transcoder, processor_s=2000)
    long = await harness.queued(loudness="-16")
    await worker.run(long.id)
    ended = await harness.store.get(long.id)
    assert ended is not None
    assert ended.error is not None
    assert (ended.status, ended.error.code, transcoder.runs) == (State.FAILED, "too_long", 0)
    assert "3024 processor seconds; 2000 are left" in ended.error.message
    plain = await harness.queued()
    await worker.run(plain.id)
    assert (await harness.store.get(plain.id) or plain).status is State.COMPLETED


async def test_what_a_run_really_used_counts_after_it(harness: WorkerHarness) -> None:
    transcoder = ScriptedTranscoder(during=burn, info=replace(INFO, duration_s=HALF_A_DAY_S))
    worker = harness.worker(transcoder, processor_s=2000)
    await worker.run((await harness.queued()).id)
    assert 1.0 < await used_s(harness) < HALF_A_DAY_S * 0.01


async def test_the_time_of_a_run_that_fails_counts(harness: WorkerHarness) -> None:
    async def burn_and_fail(path: Path) -> None:
        await burn(path)
        raise MediaError(Fault.UNREADABLE_MEDIA, "The file cannot be read.")

    worker = harness.worker(ScriptedTranscoder(during=burn_and_fail), processor_s=2000)
    await worker.run((await harness.queued()).id)
    assert await used_s(harness) > 1.0


async def test_until_its_end_a_run_counts_as_expected_also_if_its_worker_dies(
    harness: WorkerHarness,
) -> None:
    gate = asyncio.Event()

    async def wait(_: Path) -> None:
        await gate.wait()

    transcoder = ScriptedTranscoder(during=wait, info=replace(INFO, duration_s=3600.0))
    run = asyncio.create_task(harness.worker(transcoder, processor_s=2000).run((await harness.queued()).id))
    await asyncio.wait_for(transcoder.began.wait(), PATIENCE_S)
    assert await used_s(harness) == pytest.approx(72)
    gate.set()
    await run
    assert await used_s(harness) < 72


async def use(seconds: float) -> None:
    """As if a program of this run had used so much."""
    meter = METER.get()
    assert meter is not None
    meter.running_s[1] = seconds
    await asyncio.Event().wait()


async def test_a_run_far_beyond_what_was_expected_ends_once_the_account_has_nothing_left(
    harness: WorkerHarness,
) -> None:
    """A source whose declared duration is short, and whose decoding takes long."""
    transcoder = ScriptedTranscoder(during=lambda _: use(2001.0))
    worker = harness.worker(transcoder, processor_s=2000)
    short = await harness.queued()
    await asyncio.wait_for(worker.run(short.id), PATIENCE_S)
    ended = await harness.now(short)
    assert ended.error is not None
    assert (ended.status, ended.error.code, transcoder.cancelled) == (State.FAILED, "too_long", 1)
    assert "has used 2001 processor seconds" in ended.error.message
    assert await used_s(harness) == pytest.approx(2001)


async def test_two_runs_far_beyond_what_was_expected_share_what_the_account_has(
    harness: WorkerHarness,
) -> None:
    first, second = [ScriptedTranscoder(during=lambda _: use(1200.0)) for _ in range(2)]
    jobs = [await harness.queued(video=bytes([number]) * 1000) for number in range(2)]
    async with asyncio.TaskGroup() as runs, asyncio.timeout(PATIENCE_S):
        both = [
            runs.create_task(harness.worker(each, name=f"worker-{number}", processor_s=2000).run(job.id))
            for number, (each, job) in enumerate(zip((first, second), jobs, strict=True))
        ]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for each in both:
            each.cancel()
    assert first.cancelled + second.cancelled == 2
    errors = [ended.error.code for job in jobs if (ended := await harness.now(job)).error]
    assert "too_long" in errors


@pytest.mark.parametrize(("used", "limit_s"), [(500.0, 2000), (50.0, 40), (1e9, 0)])
async def test_a_run_goes_on_while_its_account_has_time_or_it_is_near_what_was_expected(
    harness: WorkerHarness, used: float, limit_s: int
) -> None:
    quota = ProcessorQuota(harness.processor_use, limit_s, utc_now)
    await quota.check_running("alice", "run", expected_s=1.0, used_s=used)


async def test_a_running_program_is_measured_before_it_ends(tmp_path: Path) -> None:
    python, prefix = Path(sys.executable).resolve(), Path(sys.base_prefix)
    command = [str(python), "-I", "-S", "-c", "while True: pass"]
    with metered() as used:
        async with sandboxed(command, LIMITS, readable=[python.parent, prefix], scratch=tmp_path):
            await until(lambda: used.seconds > 0.1, what="a first reading")
        assert used.running_s == {}


@pytest.fixture
async def api(mongo_url: str) -> AsyncIterator[ConverterApi]:
    async with converter_api(mongo_url, quota_processor_s=100) as running:
        yield running


async def test_uploads_and_retries_wait_when_the_time_of_the_day_is_used_up(api: ConverterApi) -> None:
    use = MongoProcessorUse(api.database)
    await use.record("yesterday", "alice", 500.0, utc_now() - DAY)
    await use.record("today", "alice", 99.0, utc_now())
    video = b"\x00\x00\x00\x18ftypmp42" + bytes(1000)
    accepted = await api.upload(video)
    assert accepted.status == 202
    conversion = f"/v1/conversions/{(await accepted.json())['id']}"
    assert (await api.call("POST", f"{conversion}/cancel")).status == 200
    await use.record("now", "alice", 1.0, utc_now())
    for refused in (await api.upload(video), await api.call("POST", f"{conversion}/retry")):
        assert (refused.status, (await refused.json(content_type=None))["code"]) == (429, "rate_limited")
        assert int(refused.headers["Retry-After"]) > 0
    assert (await api.upload(video, owner="bob")).status == 202


async def test_the_programs_of_a_conversion_are_measured(media: Media, tmp_path: Path) -> None:
    source = media.made(["-f", "lavfi", "-i", "sine=d=2"], "mp3")
    with metered() as used:
        await TranscodingHarness(tmp_path).convert(source, format="opus")
    assert used.seconds > 0


async def test_a_program_that_only_waits_uses_less_than_it_takes(tmp_path: Path) -> None:
    with metered() as used:
        async with sandboxed(["/bin/sleep", "4"], LIMITS, scratch=tmp_path) as running:
            await running.wait()
    assert used.seconds < 3
