"""One action on several conversions over HTTP."""

import pytest

from converter_service.conversions.model import Conversion, State
from converter_service.storage.conversions import MongoConversions
from shared.clock import utc_now
from tests.support.conversions import converting, done, failed_one, queued
from tests.support.converter import ConverterApi
from tests.support.wait import until

PATH = "/v1/conversions/bulk"


async def put(api: ConverterApi, *conversions: Conversion) -> None:
    for each in conversions:
        await MongoConversions(api.database, utc_now).add(each)


async def act(api: ConverterApi, action: str, *ids: str) -> list[dict[str, object]]:
    answer = await api.call("POST", PATH, json={"ids": ids, "action": action})
    assert answer.status == 200
    items: list[dict[str, object]] = (await answer.json())["items"]
    return items


async def test_each_has_the_outcome_of_the_single_call_in_the_order_of_the_ids(api: ConverterApi) -> None:
    running, ready = converting(1, at=utc_now()), done(2, at=utc_now())
    await put(api, running, ready, queued(3, owner_id="bob", at=utc_now()))
    stranger = queued(3, owner_id="bob").id
    items = await act(api, "cancel", stranger, running.id, ready.id, "no-such-id", running.id)
    assert [(each["id"], each["status"]) for each in items] == [
        (stranger, 404),
        (running.id, 200),
        (ready.id, 409),
        ("no-such-id", 404),
    ]
    assert items[1]["conversion"]["status"] == "cancelled"  # type: ignore[index]
    assert items[2]["error"] == {
        "code": "conflict",
        "detail": "The conversion has already completed.",
        "retry_after": None,
    }
    other = await MongoConversions(api.database, utc_now).get(stranger)
    assert other is not None
    assert other.status is State.QUEUED


async def test_failed_ones_are_retried(api: ConverterApi) -> None:
    await put(api, failed_one(1, at=utc_now()), done(2, at=utc_now()))
    items = await act(api, "retry", failed_one(1).id, done(2).id)
    assert [each["status"] for each in items] == [202, 409]
    assert items[0]["conversion"]["status"] == "queued"  # type: ignore[index]


async def test_deleted_ones_are_gone_at_once_and_their_bytes_soon(api: ConverterApi) -> None:
    made = [done(number, at=utc_now()) for number in range(100)]
    await put(api, *made)
    items = await act(api, "delete", *(each.id for each in made))
    assert {(each["status"], each["conversion"], each["error"]) for each in items} == {(204, None, None)}
    assert (await api.call("GET", f"/v1/conversions/{made[50].id}")).status == 404
    await until(api.nothing_left)


@pytest.mark.parametrize(
    "body",
    [
        {"ids": [], "action": "delete"},
        {"ids": ["a"] * 101, "action": "delete"},
        {"ids": ["a"], "action": "rename"},
        {"ids": ["a" * 65], "action": "delete"},
        {"ids": "a", "action": "delete"},
        {"ids": ["a"]},
        {"ids": ["a"], "action": "delete", "force": True},
    ],
)
async def test_other_bodies_are_refused(api: ConverterApi, body: dict[str, object]) -> None:
    answer = await api.call("POST", PATH, json=body)
    assert (answer.status, (await answer.json(content_type=None))["code"]) == (400, "invalid_request")
