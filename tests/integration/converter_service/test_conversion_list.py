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


async def test_a_text_in_the_name_filters_the_list(seven: ConverterApi) -> None:
    renamed = await seven.call("PATCH", f"/v1/conversions/{done(3).id}", json={"title": "Élan & Co"})
    assert renamed.status == 200
    for wanted, count in (("%20%C3%A9lan%20%26", 1), ("TALK.MP4", 7), ("t.lk", 0), ("", 7), ("%20", 7)):
        page = await (await seven.call("GET", f"/v1/conversions?q={wanted}")).json()
        assert len(page["items"]) == count, wanted
    page = await (await seven.call("GET", "/v1/conversions?q=talk&status=queued&limit=2")).json()
    assert [item["id"] for item in page["items"]] == [queued(6).id, queued(4).id]
    assert page["next_cursor"] == queued(4).id


@pytest.mark.parametrize(
    "query",
    [
        f"q={'x' * 201}",
        "q=%00",
        "q=a%0A",
        "limit=0",
        "limit=101",
        "limit=x",
        "status=nonsense",
        "cursor=nonsense",
        "cursor=%00",
        "cursor=",
    ],
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


async def test_a_search_reads_only_the_records_that_it_returns(seven: ConverterApi) -> None:
    await seven.call("PATCH", f"/v1/conversions/{done(3).id}", json={"title": "Interview"})
    wanted = {
        "owner_id": "alice",
        "deleted_at": None,
        "search_text": {"$regex": "interview", "$options": "i"},
    }
    found = seven.database["conversions"].find(wanted).sort("_id", -1).hint("owner_search_text")
    assert (await found.explain())["executionStats"]["totalDocsExamined"] == 1


async def test_records_of_earlier_versions_are_found_after_the_upgrade(seven: ConverterApi) -> None:
    documents = seven.database["conversions"]
    await documents.update_many({}, {"$unset": {"search_text": 1, "title": 1}})
    await MongoConversions(seven.database, utc_now).prepare()
    page = await (await seven.call("GET", "/v1/conversions?q=TALK")).json()
    assert len(page["items"]) == 7
    assert {item["title"] for item in page["items"]} == {None}


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
