"""Lists of conversions: pagination and query parameters."""

import pytest

from converter_service.storage.conversions import MongoConversions
from shared.clock import utc_now
from tests.support.conversions import done, queued
from tests.support.converter import ConverterApi
from tests.support.wait import until


@pytest.fixture
async def seven(api: ConverterApi) -> ConverterApi:
    store = MongoConversions(api.database, utc_now)
    await store.prepare()
    for number in range(1, 8):
        await store.add(done(number) if number % 2 else queued(number))
    return api


async def test_cursors_page_through_the_list_newest_first(seven: ConverterApi) -> None:
    seen, path = list[str](), "/v1/conversions?limit=3"
    while path:
        page = await (await seven.call("GET", path)).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        path = f"/v1/conversions?limit=3&cursor={cursor}" if cursor else ""
    assert seen == [queued(number).id for number in range(7, 0, -1)]


async def test_the_last_page_has_no_next_even_when_it_is_full(seven: ConverterApi) -> None:
    page = await (await seven.call("GET", "/v1/conversions?limit=7")).json()
    assert (len(page["items"]), page["next_cursor"]) == (7, None)


async def test_a_status_filters_the_list(seven: ConverterApi) -> None:
    page = await (await seven.call("GET", "/v1/conversions?status=completed")).json()
    assert {item["status"] for item in page["items"]} == {"completed"}
    assert len(page["items"]) == 4


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=101", "limit=x", "status=nonsense", "cursor=nonsense", "cursor=%00", "cursor="],
)
async def test_an_invalid_query_is_refused(seven: ConverterApi, query: str) -> None:
    answer = await seven.call("GET", f"/v1/conversions?{query}")
    assert answer.status == 400
    assert (await answer.json(content_type=None))["code"] == "invalid_request"


@pytest.mark.parametrize("identity", ["nothing", "x" * 5000, "%00", "..%2F..", "%F0%9F%8E%AC"])
async def test_an_unknown_id_is_not_found(api: ConverterApi, identity: str) -> None:
    assert (await api.call("GET", f"/v1/conversions/{identity}")).status == 404


async def test_readiness_lists_its_dependencies(api: ConverterApi) -> None:
    names = ("mongodb", "rabbitmq", "dead_letters")

    async def is_ready() -> bool:
        answer = await api.call("GET", "/readyz", None)
        return bool((await answer.json(content_type=None))["checks"] == dict.fromkeys(names, "ok"))

    await until(is_ready, what="the indexes are created and all checks pass")


async def test_every_query_uses_an_index(seven: ConverterApi) -> None:
    documents = seven.database["conversions"]
    for wanted, order in (
        ({"owner_id": "alice", "deleted_at": None}, [("_id", -1)]),
        ({"owner_id": "alice", "deleted_at": None, "status": "queued"}, [("_id", -1)]),
        ({"due_at": {"$lte": utc_now()}}, [("due_at", 1)]),
        ({"outbox_since": {"$exists": True}}, [("outbox_since", 1), ("_id", 1)]),
    ):
        explained = await documents.find(wanted).sort(order).explain()
        plan = str(explained["queryPlanner"]["winningPlan"])
        assert "COLLSCAN" not in plan
        assert "'SORT'" not in plan
