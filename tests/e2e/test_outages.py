"""During an outage clients get errors within seconds; afterwards the system recovers automatically."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from functools import partial

import aiohttp
import httpx
import pytest

from tests.support.client import Person
from tests.support.mailbox import Mailbox
from tests.support.media import Media
from tests.support.sse import event_stream
from tests.support.system import System
from tests.support.wait import until

# Without our own deadline the request would hang.
SOON_S = 60.0


async def test_an_upload_during_a_broker_outage_is_accepted_and_converted_afterwards(
    system: System, person: Person, mailbox: Mailbox, media: Media
) -> None:
    async with _outage(system, "rabbitmq"):
        answer = await person.upload(media.video(seconds=1), "patience.mp4")
        assert answer.status_code == 202
        unwanted = (await person.upload(media.video(seconds=1))).json()["id"]
        await _watched_to_its_end_without_news(system, person, unwanted)
    done = await person.finished(answer.json()["id"])
    assert done["status"] == "completed"
    await _one_mail(system, person, mailbox, answer.json()["id"])


async def _watched_to_its_end_without_news(system: System, person: Person, identity: str) -> None:
    url = f"{system.url}/v1/conversions/{identity}"
    async with aiohttp.ClientSession() as http, event_stream(http, f"{url}/events", person.headers) as stream:
        assert await stream.next() is not None
        await person.post(f"/v1/conversions/{identity}/cancel")
        assert [event.name for event in await stream.rest()] == ["cancelled"]


async def test_without_mongodb_conversions_are_unavailable_and_recover(
    system: System, person: Person, media: Media
) -> None:
    async with _outage(system, "mongo"):
        await _is_unavailable(person.get("/v1/conversions"))
        await _is_unavailable(person.upload_raw(media.video(seconds=1).read_bytes()))
    await _works_again(person, "/v1/conversions")


async def test_without_postgresql_accounts_are_unavailable_and_recover(
    system: System, person: Person
) -> None:
    async with _outage(system, "postgres"):
        await _is_unavailable(person.sign_in())
        await _is_unavailable(Person(person.http).register())
    await _works_again(person, "/v1/auth/me")
    assert (await person.sign_in()).status_code == 200


@pytest.mark.parametrize(("service", "path"), [("auth", "/v1/auth/me"), ("converter", "/v1/conversions")])
async def test_without_a_service_its_calls_are_unavailable_and_recover(
    system: System, person: Person, service: str, path: str
) -> None:
    async with _outage(system, service):
        await _is_unavailable(person.get(path))
        await until(partial(_is_told, person, f"{service}_service"), what="readyz to tell")
    await _works_again(person, path)


async def test_calls_to_a_frozen_service_fail_within_seconds(
    system: System, person: Person, media: Media
) -> None:
    video = media.video(seconds=1)
    calls = [
        ("GET", "/v1/conversions"),
        ("GET", f"/v1/conversions/{'0' * 32}"),
        ("GET", f"/v1/conversions/{'0' * 32}/audio"),
        ("HEAD", f"/v1/conversions/{'0' * 32}/audio"),
        ("DELETE", f"/v1/conversions/{'0' * 32}"),
    ]
    async with _frozen(system, "converter"), asyncio.TaskGroup() as at_once:
        for method, path in calls:
            at_once.create_task(_is_unavailable(person.request(method, path)))
        # Before the first response bytes, for both forms.
        at_once.create_task(_is_unavailable(person.upload_raw(video.read_bytes())))
        at_once.create_task(_is_unavailable(person.upload(video)))
    await _works_again(person, "/v1/conversions")


async def test_a_mail_waits_for_its_server_and_arrives_once(
    system: System, person: Person, mailbox: Mailbox, media: Media
) -> None:
    async with _outage(system, "mail"):
        identity = (await person.upload(media.video(seconds=1))).json()["id"]
        assert (await person.finished(identity))["status"] == "completed"
        await until(lambda: system.letters("waiting") > 0, what="a first attempt at the mail")
        assert mailbox.to(person.email) == []
        assert await asyncio.to_thread(system.messages) > 0
    await _one_mail(system, person, mailbox, identity)


async def _one_mail(system: System, person: Person, mailbox: Mailbox, identity: str) -> None:
    (mail,) = await mailbox.next_to(person.email)
    await until(lambda: system.state_of_letter(mail) == "sent", what="the ledger to know of it")
    await until(lambda: system.is_quiet(identity), what="every event to be delivered")
    assert len(mailbox.to(person.email)) == 1


@asynccontextmanager
async def _outage(system: System, name: str) -> AsyncIterator[None]:
    await asyncio.to_thread(system.kill, name)
    try:
        yield
    finally:
        await asyncio.to_thread(system.start, name)


@asynccontextmanager
async def _frozen(system: System, name: str) -> AsyncIterator[None]:
    system.freeze(name)
    try:
        yield
    finally:
        system.thaw(name)


async def _is_unavailable(call: Awaitable[httpx.Response]) -> None:
    started = time.monotonic()
    answer = await call
    assert answer.status_code == 503
    assert answer.request.method == "HEAD" or answer.json()["code"] == "unavailable"
    assert int(answer.headers["retry-after"]) >= 1
    assert time.monotonic() - started < SOON_S


async def _is_told(person: Person, part: str) -> bool:
    ready = await person.get("/readyz")
    return (ready.status_code, ready.json().get("checks", {}).get(part)) == (503, "down")


async def _works_again(person: Person, path: str) -> None:
    async def answered() -> bool:
        return (await person.get(path)).status_code == httpx.codes.OK

    await until(answered, what=f"{path} to work again")
