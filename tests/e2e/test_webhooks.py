"""Webhooks through the gateway for two accounts, with a receiver that fails temporarily."""

from typing import Any

import httpx

from tests.support.client import Person, signed_in
from tests.support.media import Media
from tests.support.wait import until
from tests.support.webhooks import Call, drop, receiver


async def hook(person: Person, url: str, **more: Any) -> Any:
    answer = await person.post("/v1/webhooks", url=url, **more)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_outcomes_are_delivered_to_the_webhooks_of_the_owner(
    person: Person, http: httpx.AsyncClient, media: Media
) -> None:
    other = await signed_in(http)
    async with receiver() as there:
        there.answers = [503, drop]
        mine = await hook(person, there.url)
        failures = await hook(person, there.url.replace("hook", "failures"), events=["conversion.failed"])
        await hook(other, there.url.replace("hook", "others"))
        good = (await person.upload(media.video(seconds=1), filename="talk.mp4")).json()["id"]
        bad = (await person.upload_raw(b"\x00\x00\x00\x18ftypmp42" + b"no video" * 100)).json()["id"]
        await until(lambda: len(set(there.taken)) == 3, what="all messages are taken")
        received = {
            (call.path, call.payload["data"]["id"]): call for call in there.calls if call.id in there.taken
        }
        assert set(received) == {("/hook", good), ("/hook", bad), ("/failures", bad)}
        assert received["/failures", bad].verified(failures["secret"])["type"] == "conversion.failed"
        await is_signed_and_complete(received["/hook", good], mine["secret"], person, http)
        page = (await person.get(f"/v1/webhooks/{mine['id']}/deliveries", params={"limit": 1})).json()
        assert page["next_cursor"]
        again = page["items"][0]["id"]
        answer = await person.post(f"/v1/webhooks/{mine['id']}/deliveries/{again}/replay")
        assert answer.status_code == 202
        await until(lambda: there.taken.count(again) >= 2, what="it came again")
        await nothing_of_it_is_another_s(other, mine["id"], again)
        assert (await person.request("DELETE", f"/v1/webhooks/{mine['id']}")).status_code == 204


async def is_signed_and_complete(call: Call, secret: str, person: Person, http: httpx.AsyncClient) -> None:
    payload = call.verified(secret)
    data = payload["data"]
    shown = await person.conversion(data["id"])
    assert (payload["type"], data["status"]) == ("conversion.completed", shown["status"])
    assert data["source"]["filename"] == shown["source"]["filename"] == "talk.mp4"
    same = ("size", "duration", "format", "bitrate", "sha256")
    assert {name: data["result"][name] for name in same} == {name: shown["result"][name] for name in same}
    audio = await http.get(data["link"]["url"])  # without a token
    assert (audio.status_code, len(audio.content)) == (200, data["result"]["size"])
    assert (await http.get(data["result"]["url"])).status_code == 401
    assert (await person.get(data["result"]["url"])).status_code == 200
    assert (await person.get(data["url"])).json() == shown


async def nothing_of_it_is_another_s(other: Person, webhook_id: str, delivery_id: str) -> None:
    """Tries every documented route with an id, so that new ones are included."""
    paths = (await other.get("/schema/openapi.json")).json()["paths"]
    tried = 0
    for path, item in paths.items():
        for method in item if "{webhook_id}" in path else ():
            for identity in (webhook_id, "0" * 32):
                place = path.format(webhook_id=identity, delivery_id=delivery_id)
                body = {"status": "disabled"} if method == "patch" else None
                answer = await other.request(method.upper(), place, json=body)
                assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (method, path)
                tried += 1
    assert tried == 14


async def test_a_webhook_to_an_internal_address_is_refused(person: Person) -> None:
    for url in ("https://10.0.0.1/", "https://[::1]/", "https://169.254.169.254/latest/meta-data/"):
        answer = await person.post("/v1/webhooks", url=url)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "url"), url


async def test_a_deleted_account_gets_no_more_webhook_messages(http: httpx.AsyncClient, media: Media) -> None:
    leaver = await signed_in(http)
    async with receiver() as there:
        made = await hook(leaver, there.url)
        key = (await leaver.post("/v1/auth/api-keys", name="hooks", scopes=["webhooks:write"])).json()["key"]
        program = {"Authorization": f"Bearer {key}"}
        answer = await http.post(f"/v1/webhooks/{made['id']}/test", headers=program)
        assert answer.status_code == 202
        await until(lambda: there.taken, what="the test message")
        assert (await http.get("/v1/webhooks", headers=program)).status_code == 403
        body = {"password": leaver.password}
        assert (await leaver.request("DELETE", "/v1/auth/me", json=body)).status_code == 204
        assert (await leaver.get("/v1/webhooks")).status_code == 401
