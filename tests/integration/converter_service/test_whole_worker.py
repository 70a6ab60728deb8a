"""The composed worker with real ffmpeg: concurrency, accounts in turn, and the time of a stop."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from converter_service import worker
from converter_service.conversions.model import Conversion, State
from converter_service.settings import WorkerSettings
from shared.contracts.events import VideoUploaded
from shared.http.application import STOP_STEPS
from shared.messaging.envelope import wrap
from shared.messaging.handlers import Handlers
from shared.messaging.ports import Subscription
from shared.messaging.subscriptions import SUBSCRIPTIONS
from shared.mongo import connect
from shared.settings import Secret
from tests.support.media import Media
from tests.support.messaging import MemoryBroker
from tests.support.messaging.consumer import MemoryConsumer
from tests.support.wait import until
from tests.support.worker_harness import WorkerHarness

AT_ONCE = 2


class BrokerWithKnownConsumers(MemoryBroker):
    """Keeps the consumers that it has made."""

    def __init__(self) -> None:
        super().__init__(SUBSCRIPTIONS)
        self.consumers: list[MemoryConsumer] = []

    def consumer(self, subscription: Subscription, handlers: Handlers) -> MemoryConsumer:
        self.consumers.append(super().consumer(subscription, handlers))
        return self.consumers[-1]


@pytest.fixture
async def harness(mongo_url: str, tmp_path: Path) -> AsyncIterator[WorkerHarness]:
    async with connect(Secret(mongo_url)) as client:
        shop = WorkerHarness(client, tmp_path / "shop")
        yield shop
        shop.scratch.close()


def settings(mongo_url: str, scratch: Path, stop_grace: timedelta = timedelta(seconds=5)) -> WorkerSettings:
    return WorkerSettings(
        mongo_url=Secret(mongo_url),
        amqp_url=Secret("amqp://unused"),
        concurrency=AT_ONCE,
        scratch_dir=scratch,
        stop_grace=stop_grace,
    )


@asynccontextmanager
async def working(mongo_url: str, scratch: Path) -> AsyncIterator[MemoryBroker]:
    broker = MemoryBroker(SUBSCRIPTIONS)
    async with worker.build(settings(mongo_url, scratch), broker, CollectorRegistry()).lifespan():
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


async def test_conversions_get_the_configured_time_when_the_worker_stops(
    mongo_url: str, tmp_path: Path
) -> None:
    broker, grace = BrokerWithKnownConsumers(), timedelta(minutes=3)
    app = worker.build(settings(mongo_url, tmp_path, grace), broker, CollectorRegistry())
    async with app.lifespan():
        for drain in app.state[STOP_STEPS].drains:
            await drain()
        assert [each._grace_s for each in broker.consumers] == [180.0, 180.0]
        for each in broker.consumers:
            each._grace_s = 0.0
    assert [each._grace_s for each in broker.consumers] == [180.0, 180.0], "also after an error of the server"
