"""The composed worker with real ffmpeg: concurrency, and accounts in turn."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from converter_service import worker
from converter_service.conversions.model import Conversion, State
from converter_service.settings import WorkerSettings
from shared.contracts.events import VideoUploaded
from shared.messaging.envelope import wrap
from shared.messaging.subscriptions import SUBSCRIPTIONS
from shared.mongo import connect
from shared.settings import Secret
from tests.support.media import Media
from tests.support.messaging import MemoryBroker
from tests.support.wait import until
from tests.support.worker_harness import WorkerHarness

AT_ONCE = 2


@pytest.fixture
async def harness(mongo_url: str, tmp_path: Path) -> AsyncIterator[WorkerHarness]:
    async with connect(Secret(mongo_url)) as client:
        shop = WorkerHarness(client, tmp_path / "shop")
        yield shop
        shop.scratch.close()


@asynccontextmanager
async def working(mongo_url: str, scratch: Path) -> AsyncIterator[MemoryBroker]:
    settings = WorkerSettings(
        mongo_url=Secret(mongo_url),
        amqp_url=Secret("amqp://unused"),
        concurrency=AT_ONCE,
        scratch_dir=scratch,
    )
    broker = MemoryBroker(SUBSCRIPTIONS)
    async with worker.build(settings, broker, CollectorRegistry()).lifespan():
        yield broker


async def test_a_worker_runs_the_configured_number_concurrently_and_accounts_take_turns(
    harness: WorkerHarness, mongo_url: str, tmp_path: Path, media: Media
) -> None:
    video = media.video(seconds=1).read_bytes()
    owners = ["alice"] * 4 + ["bob"]
    waiting = [await harness.queued(video, owner, title=str(n)) for n, owner in enumerate(owners)]
    async with working(mongo_url, tmp_path) as broker:
        for each in waiting:
            await broker.publish(wrap(VideoUploaded(conversion_id=each.id), "/test", each.id))

        async def all_done() -> Sequence[Conversion] | None:
            newest = [await harness.now(each) for each in waiting]
            return newest if all(each.status is State.COMPLETED for each in newest) else None

        done = await until(all_done, what="all are converted")
    begun = sorted((each.started_at, each.owner_id) for each in done if each.started_at)
    assert "bob" in [owner for _, owner in begun[: AT_ONCE + 1]]
    assert most_at_once(done) == AT_ONCE


def most_at_once(done: Sequence[Conversion]) -> int:
    """The largest number of conversions that ran at the same time."""
    spans = [(each.started_at, each.finished_at) for each in done if each.started_at and each.finished_at]
    return max(sum(begun <= moment < ended for begun, ended in spans) for moment, _ in spans)
