"""Dead letters over HTTP: only administrators list, read, replay and discard them."""

from typing import Any

import aiohttp
import pytest

from shared.contracts.events import VideoUploaded
from shared.messaging.errors import Reject
from shared.messaging.rabbitmq.broker import RabbitMQ
from shared.messaging.subscriptions import CONVERTER_WORKER, SUBSCRIPTIONS
from tests.integration.converter_service.test_administration import administrator
from tests.support.consumers import Failing, Recorder, consuming, publish
from tests.support.converter import ConverterApi, converter_api
from tests.support.wait import until

PATH = "/v1/admin/dead-letters"
POISON = b"\xff poison"


async def asked(api: ConverterApi, method: str, path: str = "") -> aiohttp.ClientResponse:
    return await api.call(method, f"{PATH}{path}", None, headers=administrator(api))


async def listed(api: ConverterApi, query: str = "") -> list[dict[str, Any]]:
    answer = await asked(api, "GET", f"?{query}")
    assert answer.status == 200
    items: list[dict[str, Any]] = (await answer.json())["items"]
    return items


async def letter_of(api: ConverterApi, body: bytes = POISON) -> dict[str, Any]:
    """Id of the dead letter of a malformed message."""
    before = {each["id"] for each in await listed(api)}
    async with consuming(api.broker, CONVERTER_WORKER, Recorder(Failing(Reject("never")))):
        await api.broker.put(CONVERTER_WORKER.queue, body)

        async def new() -> list[dict[str, Any]]:
            return [each for each in await listed(api) if each["id"] not in before]

        [letter] = await until(new, what="the dead letter")
        found: dict[str, Any] = letter
    return found


async def test_a_malformed_message_is_listed_read_and_replayed_with_its_history(
    api: ConverterApi,
) -> None:
    letter = await letter_of(api)
    assert (letter["status"], letter["queue"], letter["size"]) == ("waiting", "converter.worker", len(POISON))
    assert letter["reason"].startswith("MalformedEnvelope")
    whole = await (await asked(api, "GET", f"/{letter['id']}")).json()
    assert whole["base64"] == "/yBwb2lzb24="
    assert [each["what"].partition(":")[0] for each in whole["history"]] == ["dead in converter.worker"]

    answers = [await asked(api, "POST", f"/{letter['id']}/replay") for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    bodies = [await answer.json() for answer in answers]
    assert bodies[0] == bodies[1]
    assert (bodies[0]["status"], bodies[0]["settled_by"]) == ("replayed", "root")

    async with consuming(api.broker, CONVERTER_WORKER, Recorder()):
        [again] = await until(lambda: listed(api, "status=waiting"), what="it died again")
    told = (await (await asked(api, "GET", f"/{again['id']}")).json())["history"]
    assert [each["what"].partition(":")[0] for each in told] == [
        "dead in converter.worker",
        "replayed by root",
        "dead in converter.worker",
    ]
    assert [each["id"] for each in await listed(api)] == [again["id"], letter["id"]]


async def test_a_discarded_dead_letter_keeps_its_record_and_is_not_replayed(api: ConverterApi) -> None:
    letter = await letter_of(api)
    for _ in range(2):
        answer = await asked(api, "DELETE", f"/{letter['id']}")
        assert (answer.status, await answer.read()) == (204, b"")
    answer = await asked(api, "POST", f"/{letter['id']}/replay")
    assert (answer.status, (await answer.json())["code"]) == (409, "conflict")
    assert await listed(api, "status=waiting") == []
    [kept] = await listed(api, "status=discarded")
    assert (kept["id"], kept["settled_by"]) == (letter["id"], "root")


async def test_lists_are_paginated(api: ConverterApi) -> None:
    letters = [await letter_of(api, b"\xff %d" % number) for number in range(3)]
    first = await (await asked(api, "GET", "?limit=2")).json()
    rest = await (await asked(api, "GET", f"?limit=2&cursor={first['next_cursor']}")).json()
    assert [each["id"] for each in first["items"] + rest["items"]] == [
        each["id"] for each in reversed(letters)
    ]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("GET", "/x"), ("POST", "/x/replay"), ("DELETE", "/x")],
)
async def test_other_users_are_refused(api: ConverterApi, method: str, path: str) -> None:
    answer = await api.call(method, f"{PATH}{path}", "alice")
    assert (answer.status, (await answer.json())["code"]) == (403, "forbidden")
    answer = await asked(api, method, path)
    assert answer.status == (404 if path else 200)


@pytest.mark.parametrize("query", ["limit=0", "status=nonsense", "cursor=x"])
async def test_an_invalid_query_is_refused(api: ConverterApi, query: str) -> None:
    assert (await asked(api, "GET", f"?{query}")).status == 400


async def test_a_dead_letter_is_replayed_through_rabbitmq_after_the_api_started_later(
    mongo_url: str, amqp_url: str
) -> None:
    recorder = Recorder(Failing(Reject("never")))
    async with (
        RabbitMQ(amqp_url, "test", SUBSCRIPTIONS) as broker,
        consuming(broker, CONVERTER_WORKER, recorder),
    ):
        [envelope] = await publish(broker, VideoUploaded(conversion_id="c1"))
        await recorder.received(1)
        async with converter_api(mongo_url, RabbitMQ(amqp_url, "api", SUBSCRIPTIONS)) as api:
            [letter] = await until(lambda: listed(api, "status=waiting"), what="the dead letter")
            assert (letter["reason"], letter["event_id"]) == ("never", envelope.id)
            answers = [await asked(api, "POST", f"/{letter['id']}/replay") for _ in range(2)]
            assert [answer.status for answer in answers] == [200, 200]
            await recorder.finished(1)
            assert await listed(api, "status=waiting") == []
    assert recorder.ids == [envelope.id] * 2
    assert [delivery.attempt for delivery in recorder.deliveries] == [1, 1]
