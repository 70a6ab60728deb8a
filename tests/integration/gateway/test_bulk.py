"""One action on several conversions through the gateway: each counts as a single call."""

from typing import Any

import msgspec
import pytest

from tests.integration.gateway.rig import SIGNED_IN, Rig, running
from tests.integration.gateway.services import ReceivedRequest

PATH = "/v1/conversions/bulk"


async def acted(seen: ReceivedRequest) -> None:
    await seen.read_body()
    items = [{"id": each, "status": 200} for each in msgspec.json.decode(seen.body)["ids"]]
    seen.answer("200 OK", msgspec.json.encode({"items": items}), **{"content-type": "application/json"})


async def act(rig: Rig, action: str, count: int, **headers: str) -> tuple[int, Any]:
    rig.converter.script = acted
    body = {"ids": [f"c{number}" for number in range(count)], "action": action}
    async with rig.http.post(rig.url + PATH, json=body, headers=SIGNED_IN | headers) as answer:
        return answer.status, await answer.json(content_type=None)


@pytest.mark.parametrize(
    ("action", "rate", "room"), [("delete", "rate_default", 5), ("retry", "rate_upload", 5)]
)
async def test_those_beyond_the_rate_limit_are_refused_and_the_others_passed_on(
    action: str, rate: str, room: int
) -> None:
    limits: dict[str, Any] = {rate: "5/hour"}
    async with running(**limits) as rig:
        status, answer = await act(rig, action, 7)
        assert status == 200
        assert [each["status"] for each in answer["items"]] == [200] * room + [429] * (7 - room)
        refused = answer["items"][-1]
        assert (refused["id"], refused["error"]["code"]) == ("c6", "rate_limited")
        assert 1 <= refused["error"]["retry_after"] <= 3600
        [seen] = rig.converter.seen
        assert msgspec.json.decode(seen.body) == {
            "ids": [f"c{each}" for each in range(room)],
            "action": action,
        }
        status, problem = await act(rig, action, 2)
        assert (status, problem["code"]) == (429, "rate_limited")
        assert len(rig.converter.seen) == 1


async def test_an_id_that_is_named_twice_counts_once(rig: Rig) -> None:
    rig.converter.script = acted
    body = {"ids": ["c1", "c1"], "action": "cancel"}
    async with rig.http.post(rig.url + PATH, json=body, headers=SIGNED_IN) as answer:
        assert [each["id"] for each in (await answer.json())["items"]] == ["c1"]


async def test_with_an_idempotency_key_the_action_is_performed_once(rig: Rig) -> None:
    first = await act(rig, "retry", 2, **{"Idempotency-Key": "k"})
    assert await act(rig, "retry", 2, **{"Idempotency-Key": "k"}) == first
    assert len(rig.converter.seen) == 1


async def test_an_archive_is_relayed_with_a_token_or_a_signature_and_never_both(rig: Rig) -> None:
    async def zipped(seen: ReceivedRequest) -> None:
        seen.answer("200 OK", b"PK", **{"content-type": "application/zip"})

    rig.converter.script = zipped
    path = f"{rig.url}/v1/conversions/archive"
    async with rig.http.get(f"{path}?ids=a,b", headers=SIGNED_IN) as answer:
        assert (answer.status, await answer.read()) == (200, b"PK")
    async with rig.http.get(f"{path}?ids=a,b&expires=1&signature=s&series=0.0") as answer:
        assert answer.status == 200
    assert ["authorization" in {name.lower() for name, _ in seen.headers} for seen in rig.converter.seen] == [
        True,
        False,
    ]
    async with rig.http.get(f"{path}?ids=a,b&expires=1", headers=SIGNED_IN) as answer:
        assert answer.status == 400
    async with rig.http.get(f"{path}?ids=a,b") as answer:
        assert answer.status == 401
