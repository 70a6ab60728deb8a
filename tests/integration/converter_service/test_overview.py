"""The overview for administrators: the queue, and the numbers of the last 24 hours."""

import asyncio
from datetime import timedelta

from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from converter_service.conversions.identifiers import lowest_id, new_id
from converter_service.conversions.lease import Lease
from converter_service.conversions.model import State
from converter_service.conversions.queue_metrics import queue_sample
from converter_service.storage.conversions import MongoConversions
from converter_service.storage.overview import BY_STATE, MongoOverview, hours_pipeline
from shared.clock import utc_now
from shared.mongo import MAX_CONNECTIONS, connect, database_of
from shared.settings import Secret
from tests.integration.converter_service.test_administration import administrator
from tests.support.conversions import NOON, done, failed_one, queued, uploading
from tests.support.converter import ConverterApi
from tests.support.metrics import value
from tests.support.wait import until as wait_until

PATH = "/v1/admin/overview"


async def test_only_administrators_get_it(api: ConverterApi) -> None:
    assert (await api.call("GET", PATH)).status == 403
    answer = await api.call("GET", PATH, None, headers=administrator(api))
    found = await answer.json()
    assert (answer.status, found["queued"], found["oldest_queued_at"]) == (200, 0, None)
    assert [hour["accepted"] for hour in found["hours"]] == [0] * 24


async def test_videos_are_counted_in_the_hour_in_which_they_were_accepted(api: ConverterApi) -> None:
    store, numbers = MongoConversions(api.database, utc_now), MongoOverview(api.database)
    await store.prepare()
    moments = {
        NOON + timedelta(minutes=59, seconds=59): done(),
        NOON + timedelta(hours=1): failed_one(),
        NOON + timedelta(hours=1, minutes=1): queued(),
        NOON + timedelta(hours=1, minutes=2): uploading(),
        NOON - timedelta(seconds=1): done(),
    }
    for number, (moment, conversion) in enumerate(moments.items()):
        await store.add(replace(conversion, id=f"{lowest_id(moment)[:-1]}{number}", created_at=moment))
    hours = await numbers.hours(NOON + timedelta(hours=1, minutes=30), 2)
    assert [(hour.at, hour.accepted, hour.completed, hour.failed) for hour in hours] == [
        (NOON, 1, 1, 0),
        (NOON + timedelta(hours=1), 2, 0, 1),
    ]
    assert await numbers.count(State.QUEUED) == 1
    assert await numbers.oldest_queued_at() == NOON + timedelta(hours=1, minutes=1)


async def test_the_numbers_are_read_from_an_index_alone(api: ConverterApi) -> None:
    store = MongoConversions(api.database, utc_now)
    await store.prepare()
    await store.add(replace(done(), id=new_id()))
    pipeline = hours_pipeline([utc_now() - timedelta(hours=1), utc_now() + timedelta(hours=1)])
    command = {"aggregate": "conversions", "pipeline": pipeline, "cursor": {}, "hint": BY_STATE}
    plan = str(await api.database.command("explain", command, verbosity="queryPlanner"))
    assert "IXSCAN" in plan
    assert "FETCH" not in plan


async def test_the_queue_is_exported_with_its_age_and_expired_leases(api: ConverterApi) -> None:
    store, registry = MongoConversions(api.database, utc_now), CollectorRegistry()
    await store.prepare()
    now = NOON + timedelta(hours=1)
    sample = queue_sample(MongoOverview(api.database), registry, lambda: now)
    assert list(await sample.read()) == [0, 0, 0, 0, 0]
    await store.add(replace(queued(), id=new_id(), created_at=now - timedelta(minutes=5)))
    for until in (now - timedelta(seconds=1), now + timedelta(seconds=1)):
        lease = Lease("token", "worker", until)
        await store.add(replace(queued(), id=new_id(), status=State.CONVERTING, lease=lease))
    sample.set(await sample.read())
    assert value(registry, "converter_conversions", status="queued") == 1
    assert value(registry, "converter_conversions", status="converting") == 2
    assert value(registry, "converter_queue_oldest_age_seconds") == 300
    assert value(registry, "converter_expired_leases") == 1


async def test_the_connections_that_calls_hold_are_exported(mongo_url: str) -> None:
    registry = CollectorRegistry()

    def in_use() -> float:
        return value(registry, "pool_connections_in_use", pool="mongodb")

    async with connect(Secret(mongo_url), registry=registry) as client:
        await database_of(client)["any"].insert_one({})
        slow = asyncio.create_task(database_of(client)["any"].find_one({"$where": "sleep(500) || true"}))
        await wait_until(lambda: in_use() >= 1, what="a call holds a connection")
        await slow
        assert in_use() == 0
    assert value(registry, "pool_connections_max", pool="mongodb") == MAX_CONNECTIONS
