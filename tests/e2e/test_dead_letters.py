"""Dead letters through the whole system: listed, replayed, discarded, audited."""

import asyncio
import json
import subprocess
from typing import Any

import aio_pika
import httpx
import pytest

from shared.messaging.subscriptions import NOTIFICATION_MAIL
from tests.support.client import PASSWORD, Person
from tests.support.system import System
from tests.support.wait import until

PATH = "/v1/admin/dead-letters"


@pytest.fixture
async def admin(system: System, http: httpx.AsyncClient) -> Person:
    person = Person(http)
    given = {"AUTH_ADMIN_PASSWORD": PASSWORD}
    await asyncio.to_thread(system.command, "auth", "create-admin", person.email, **given)
    (await person.sign_in()).raise_for_status()
    return person


async def poison(system: System, text: str) -> None:
    """Publishes an invalid message to the mail queue."""
    async with await aio_pika.connect(system.stack.rabbitmq.url()) as connection:
        channel = await connection.channel()
        message = aio_pika.Message(json.dumps({"type": text, "token": "a secret"}).encode())
        await channel.default_exchange.publish(message, routing_key=NOTIFICATION_MAIL.queue)


async def waiting(admin: Person) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await admin.get(PATH, params={"status": "waiting"})).json()["items"]
    return items


async def arrived(admin: Person, text: str) -> dict[str, Any]:
    """Waits for a dead letter that contains this text; returns all of it."""

    async def look() -> dict[str, Any] | None:
        for letter in await waiting(admin):
            whole: dict[str, Any] = (await admin.get(f"{PATH}/{letter['id']}")).json()
            if text in json.dumps(whole):
                return whole
        return None

    return await until(look, what="the dead letter")


async def test_an_administrator_sees_replays_and_discards_a_dead_letter(
    system: System, admin: Person, person: Person
) -> None:
    await poison(system, "poison-1")
    letter = await arrived(admin, "poison-1")
    assert (letter["queue"], letter["message"]) == (
        NOTIFICATION_MAIL.queue,
        {"type": "poison-1", "token": "***"},
    )
    assert letter["reason"].startswith("MalformedEnvelope")

    replayed = await admin.request("POST", f"{PATH}/{letter['id']}/replay")
    assert (replayed.status_code, replayed.json()["status"]) == (200, "replayed")
    again = await arrived(admin, "poison-1")
    assert [each["what"].partition(" ")[0] for each in again["history"]] == ["dead", "replayed", "dead"]
    discarded = await admin.request("DELETE", f"{PATH}/{again['id']}")
    assert discarded.status_code == 204
    assert again["id"] not in {each["id"] for each in await waiting(admin)}

    for method, path in (("GET", ""), ("GET", f"/{again['id']}"), ("POST", f"/{again['id']}/replay")):
        refused = await person.request(method, f"{PATH}{path}")
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    entries = (await admin.get("/v1/admin/audit", params={"limit": 100})).json()["items"]
    [record] = [each for each in entries if each["request_id"] == replayed.headers["x-request-id"]]
    assert (record["action"], record["address"]) == ("dead_letter_replayed", "127.0.0.1")
    assert record["actor_id"] == (await admin.get("/v1/auth/me")).json()["id"]
    assert record["details"] == {"dead_letter": letter["id"]}


async def test_an_operator_replays_and_discards_at_the_command_line(system: System, admin: Person) -> None:
    await poison(system, "poison-2")
    letter = await arrived(admin, "poison-2")
    assert letter["id"] in {each["id"] for each in await operate(system, "list")}
    [shown] = await operate(system, "show", letter["id"])
    assert shown == letter
    [discarded] = await operate(system, "discard", letter["id"])
    assert (discarded["status"], discarded["settled_by"]) == ("discarded", "an operator")
    with pytest.raises(subprocess.CalledProcessError) as refused:
        await operate(system, "replay", letter["id"])
    assert refused.value.returncode == 2
    assert "already been discarded" in refused.value.stderr

    async def recorded() -> bool:
        entries = (await admin.get("/v1/admin/audit", params={"limit": 100})).json()["items"]
        mine = [each for each in entries if each["details"].get("dead_letter") == letter["id"]]
        done = {each["action"] for each in mine if each["actor_id"] is None}
        return done == {"dead_letter_replayed", "dead_letter_discarded", "dead_letter_read"}

    await until(recorded, what="the records of it")


async def operate(system: System, *words: str) -> list[dict[str, Any]]:
    command = ("converter_service", "dead-letters", *words)
    said = await asyncio.to_thread(system.operate, "converter", *command)
    return [json.loads(line) for line in said.splitlines()]
