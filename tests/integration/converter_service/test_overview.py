"""The overview for administrators: the queue, and the numbers of the last 24 hours."""

from datetime import timedelta

from msgspec.structs import replace

from converter_service.conversions.identifiers import lowest_id, new_id
from converter_service.conversions.model import State
from converter_service.storage.conversions import MongoConversions
from converter_service.storage.overview import BY_STATE, MongoOverview, hours_pipeline
from shared.clock import utc_now
from tests.integration.converter_service.test_administration import administrator
from tests.support.conversions import NOON, done, failed_one, queued, uploading
from tests.support.converter import ConverterApi

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
