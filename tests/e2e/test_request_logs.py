"""Whatever becomes of an upload, the logs of all processes tell it under its request's id."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import httpx
import pytest

from devstack.ports import free_port
from tests.faults.log_checks import TAKEN
from tests.faults.webhook_receiver import Receiver
from tests.support.client import Person
from tests.support.mailbox import Mailbox, link_in
from tests.support.media import Media
from tests.support.request_log import Line, Story
from tests.support.system import System
from tests.support.wait import until

GATEWAY, API, WORKER = ({"service": name} for name in ("gateway", "converter_api", "converter_worker"))
NOTIFICATION = {"service": "notification"}
FORGED = 'late"\n{"event": "forged", "level": "error"}\x1b[31m.mp4'
LONG_S = 300
RECORDED: Line = {**API, "event": "conversion recorded", "status": "queued"}
# In no order: either may have another thing to do before it says so.
ANSWERED: tuple[Line, ...] = tuple(
    {**service, "event": "request", "method": "POST", "status": 202} for service in (API, GATEWAY)
)


def published(kind: str) -> Line:
    """By whichever process comes first: they share the outbox."""
    return {"event": "published", "type": kind}


@pytest.fixture
async def receiver(person: Person) -> AsyncIterator[Receiver]:
    async with listening(person) as receiver:
        yield receiver


@asynccontextmanager
async def listening(person: Person) -> AsyncIterator[Receiver]:
    receiver = Receiver(free_port())
    async with receiver.listening():
        (await person.post("/v1/webhooks", url=receiver.url)).raise_for_status()
        yield receiver


async def test_a_run_that_dies_is_told_with_who_took_it_over(
    system: System, person: Person, mailbox: Mailbox, media: Media, receiver: Receiver
) -> None:
    answer = await person.upload_raw(media.video(seconds=LONG_S).read_bytes(), FORGED)
    identity = answer.json()["id"]
    story = answer.headers["x-request-id"], identity
    await until(system.freeze_ffmpeg, timeout_s=60, what="ffmpeg at work")
    await asyncio.to_thread(system.kill, "worker")
    await asyncio.to_thread(system.start, "worker")
    await person.finished(identity, timeout_s=100)
    (mail,) = await mailbox.next_to(person.email)
    told = await whole_story(
        system,
        story,
        {"event": "conversion claimed", "run": 1},
        {"run": 2},
        {"event": "conversion completed"},
        published("conversion_completed"),
    )
    for answered in ANSWERED:
        assert told.lacks(RECORDED, answered) is None
    assert told.lacks(published("video_uploaded"), {"event": "conversion completed"}) is None
    runs = {line["run"]: line["worker"] for line in told.lines if line["event"] in TAKEN}
    [dead] = [line for line in told.lines if line.get("was_with")]
    assert dead["was_with"] == runs[1] != runs[2]
    for ending in ("sent", "webhook sent"):
        await whole_story(system, story, published("conversion_completed"), {**NOTIFICATION, "event": ending})
    link = httpx.URL(link_in(mail))
    await _tells_no_secret(system, story, str(link.params.get("signature")), person.tokens["access_token"])
    assert all("forged" not in str(line["event"]) for line in told.lines)
    assert {line["subject"] for line in told.lines if "event_id" in line} == {identity}


async def test_what_is_called_off_and_what_cannot_be_converted_is_told_too(
    system: System, person: Person, media: Media, receiver: Receiver
) -> None:
    await asyncio.to_thread(system.kill, "mail")
    try:
        silent = await person.upload_raw(media.silent_video(1.0).read_bytes())
        refused = silent.headers["x-request-id"], silent.json()["id"]
        await person.finished(silent.json()["id"])
        await whole_story(
            system,
            refused,
            {**WORKER, "event": "media rejected", "code": "no_audio_track"},
            {**WORKER, "event": "conversion failed"},
            {**NOTIFICATION, "event": "not sent, later"},
        )
    finally:
        await asyncio.to_thread(system.start, "mail")
    for ending in ("sent", "webhook sent"):
        await whole_story(system, refused, published("conversion_failed"), {**NOTIFICATION, "event": ending})

    answer = await person.upload_raw(media.video(seconds=LONG_S).read_bytes())
    identity = answer.json()["id"]
    story = answer.headers["x-request-id"], identity
    await until(system.freeze_ffmpeg, timeout_s=60, what="ffmpeg at work")
    cancelling = (await person.post(f"/v1/conversions/{identity}/cancel")).headers["x-request-id"]
    await whole_story(
        system,
        story,
        {"event": "conversion claimed"},
        {
            "event": "conversion recorded",
            "status": "cancelled",
            "asked_by": cancelling,
        },
        published("conversion_cancelled"),
        {**NOTIFICATION, "event": "webhook sent"},
    )
    await whole_story(system, story, {**WORKER, "event": "lease lost, run discarded"})
    assert receiver.deliveries(identity)


async def whole_story(system: System, told_of: tuple[str, str], *chapters: Line) -> Story:
    """Once every chapter has been told: the last lines come after what a client can see."""

    def told() -> Story:
        story = Story(system.stack, *told_of)
        missing = story.lacks(*chapters)
        assert missing is None, f"{missing} is not in\n{story}"
        assert not story.strays
        return story

    return await until(partial(asyncio.to_thread, told), timeout_s=60, what="the whole story")


async def _tells_no_secret(system: System, told_of: tuple[str, str], *secrets: str) -> None:
    story = await asyncio.to_thread(Story, system.stack, *told_of)
    assert all(len(secret) > 20 and secret not in str(story) for secret in secrets)
