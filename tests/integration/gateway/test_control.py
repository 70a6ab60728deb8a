"""Commands on a conversion through the gateway: forwarding and idempotency keys."""

import msgspec

from tests.integration.gateway.rig import SIGNED_IN, Rig
from tests.integration.gateway.services import ReceivedRequest

LINK = {
    "url": "http://127.0.0.1:8000/v1/conversions/c1/audio?expires=1",
    "expires_at": "2026-11-20T12:00:00Z",
}


async def linked(seen: ReceivedRequest) -> None:
    await seen.read_body()
    made = {**LINK, "asked": msgspec.json.decode(seen.body)["expires_in"]}
    seen.answer("201 Created", msgspec.json.encode(made), **{"content-type": "application/json"})


async def link(rig: Rig, key: str | None = None, **body: object) -> tuple[int, dict[str, object]]:
    headers = SIGNED_IN | ({"Idempotency-Key": key} if key else {})
    async with rig.http.post(
        f"{rig.url}/v1/conversions/c1/link", json=body or None, headers=headers
    ) as answer:
        return answer.status, await answer.json(content_type=None)


async def test_a_link_is_requested_with_the_callers_token(rig: Rig) -> None:
    rig.converter.script = linked
    assert await link(rig, expires_in=60.5) == (201, {**LINK, "asked": 60.5})
    [seen] = rig.converter.seen
    assert (seen.method, seen.target) == ("POST", "/v1/conversions/c1/link")
    assert seen.claims("converter_service")["sub"] == "u1"
    assert await link(rig) == (201, {**LINK, "asked": 3600.0})


async def test_a_title_is_passed_on_as_a_name_and_nothing_else(rig: Rig) -> None:
    async def renamed(seen: ReceivedRequest) -> None:
        await seen.read_body()
        seen.answer("200 OK", bytes(seen.body), **{"content-type": "application/json"})

    rig.converter.script = renamed
    url = f"{rig.url}/v1/conversions/c1"
    for title in ("<b>Talk</b>", None):
        async with rig.http.patch(url, json={"title": title}, headers=SIGNED_IN) as answer:
            assert (answer.status, await answer.json()) == (200, {"title": title})
    for body in ({}, {"title": "x" * 201}, {"title": "a", "owner_id": "u2"}):
        async with rig.http.patch(url, json=body, headers=SIGNED_IN) as answer:
            assert answer.status == 400
    assert len(rig.converter.seen) == 2


async def test_with_an_idempotency_key_a_link_is_created_once(rig: Rig) -> None:
    rig.converter.script = linked
    first = await link(rig, "k", expires_in=60)
    assert await link(rig, "k", expires_in=60) == first
    assert (await link(rig, "k", expires_in=61))[0] == 422
    assert len(rig.converter.seen) == 1


async def test_an_invalid_body_does_not_reach_the_converter(rig: Rig) -> None:
    for body in ({"expires_in": 0}, {"expires_in": 1e9}, {"other": 1}, {"expires_in": "soon"}):
        assert (await link(rig, **body))[0] == 400
    assert rig.converter.seen == []


async def test_refusals_of_the_converter_are_forwarded(rig: Rig) -> None:
    async def refuse(seen: ReceivedRequest) -> None:
        await seen.read_body()
        seen.problem(409, "conflict")

    rig.converter.script = refuse
    for what in ("cancel", "retry"):
        url = f"{rig.url}/v1/conversions/c1/{what}"
        async with rig.http.post(url, data=b"not wanted", headers=SIGNED_IN) as answer:
            assert (answer.status, (await answer.json(content_type=None))["code"]) == (409, "conflict")
    assert [bytes(seen.body) for seen in rig.converter.seen] == [b"", b""]


async def test_a_response_that_is_not_json_is_an_upstream_error(rig: Rig) -> None:
    async def send_html(seen: ReceivedRequest) -> None:
        await seen.read_body()
        seen.answer("200 OK", b"<html>", **{"content-type": "application/json"})

    rig.converter.script = send_html
    async with rig.http.post(f"{rig.url}/v1/conversions/c1/cancel", headers=SIGNED_IN) as answer:
        assert answer.status == 503


async def test_a_preset_that_is_changed_in_part_keeps_the_rest(rig: Rig) -> None:
    async def echo(seen: ReceivedRequest) -> None:
        await seen.read_body()
        seen.answer("200 OK", bytes(seen.body), **{"content-type": "application/json"})

    rig.converter.script = echo
    async with rig.http.patch(
        f"{rig.url}/v1/presets/a", json={"options": {"channels": 1}}, headers=SIGNED_IN
    ) as answer:
        assert await answer.json() == {"options": {"channels": 1}}
    async with rig.http.patch(
        f"{rig.url}/v1/presets/a", json={"options": {"format": "exe"}}, headers=SIGNED_IN
    ) as answer:
        assert answer.status == 400
