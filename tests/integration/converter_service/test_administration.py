"""Only administrators can list the conversions of all accounts."""

from typing import Any

import pytest

from converter_service.storage.conversions import MongoConversions
from shared.clock import utc_now
from tests.support.conversions import done, queued
from tests.support.converter import ConverterApi

PATH = "/v1/admin/conversions"


def administrator(api: ConverterApi, **changes: object) -> dict[str, str]:
    token = api.issuer.token("root", **{"roles": ["user", "admin"], **changes})  # type: ignore[arg-type]
    return {"Authorization": f"Bearer {token}"}


async def listed(api: ConverterApi, query: str = "") -> dict[str, Any]:
    answer = await api.call("GET", f"{PATH}?{query}", None, headers=administrator(api))
    assert answer.status == 200
    page: dict[str, Any] = await answer.json()
    return page


@pytest.fixture
async def several(api: ConverterApi) -> ConverterApi:
    store = MongoConversions(api.database, utc_now)
    await store.prepare()
    for conversion in (queued(1), done(2, owner_id="bob"), queued(3, owner_id="bob")):
        await store.add(conversion)
    return api


async def test_conversions_of_all_accounts_are_listed_with_their_owners(several: ConverterApi) -> None:
    items = (await listed(several))["items"]
    assert [(item["id"], item["owner_id"]) for item in items] == [
        (queued(3).id, "bob"),
        (queued(2).id, "bob"),
        (queued(1).id, "alice"),
    ]
    own = await (await several.call("GET", "/v1/conversions", "alice")).json()
    assert {name: value for name, value in items[2].items() if name != "owner_id"} == own["items"][0]


async def test_the_list_is_filtered_by_owner_status_and_cursor(several: ConverterApi) -> None:
    assert len((await listed(several, "owner_id=bob"))["items"]) == 2
    assert [each["id"] for each in (await listed(several, "owner_id=bob&status=queued"))["items"]] == [
        queued(3).id
    ]
    first = await listed(several, "limit=2")
    rest = await listed(several, f"limit=2&cursor={first['next_cursor']}")
    assert ([each["id"] for each in rest["items"]], rest["next_cursor"]) == ([queued(1).id], None)


@pytest.mark.parametrize(
    "changes",
    [
        {"roles": ["user"]},
        {"roles": None},
        {"roles": "admin"},
        {"scope": "conversions:read conversions:write"},
    ],
    ids=str,
)
async def test_other_users_are_refused(api: ConverterApi, changes: dict[str, object]) -> None:
    answer = await api.call("GET", PATH, None, headers=administrator(api, **changes))
    assert (answer.status, (await answer.json())["code"]) == (403, "forbidden")


@pytest.mark.parametrize("query", ["limit=0", "status=nonsense", "cursor=x", "owner_id=%00", "owner_id="])
async def test_an_invalid_query_is_refused(api: ConverterApi, query: str) -> None:
    answer = await api.call("GET", f"{PATH}?{query}", None, headers=administrator(api))
    assert (answer.status, (await answer.json())["code"]) == (400, "invalid_request")


async def test_every_query_uses_an_index(several: ConverterApi) -> None:
    for wanted in ({}, {"status": "queued"}, {"owner_id": "bob"}, {"owner_id": "bob", "status": "queued"}):
        found = several.database["conversions"].find({"deleted_at": None, **wanted}).sort("_id", -1)
        plan = str((await found.explain())["queryPlanner"]["winningPlan"])
        assert "COLLSCAN" not in plan
        assert "'SORT'" not in plan
