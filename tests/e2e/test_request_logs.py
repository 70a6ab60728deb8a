"""The logs of all processes, filtered by one correlation id, contain every step of an upload.

Order is asserted within one process only. A step is logged after it is done, so another process may log first
what follows from it: the api may publish an event before the worker logs the save that stored it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import httpx
import pytest

from devstack.ports import free_port
from tests.faults.log_checks import CLAIMED
from tests.faults.webhook_receiver import Receiver
from tests.support.client import Person
from tests.support.mailbox import Mailbox, link_in
from tests.support.media import Media
from tests.support.request_log import Line, RequestLog
from tests.support.system import System
from tests.support.wait import until

GATEWAY, API, WORKER = ({"service": name} for name in ("gateway", "converter_api", "converter_worker"))
NOTIFICATION = {"service": "notification"}
Request = tuple[str, str]
"""Correlation id and id of the conversion."""
FORGED = 'late"\n{"event": "forged", "level": "error"}\x1b[31m.mp4'
LONG_S = 300
RECORDED: Line = {**API, "event": "conversion recorded", "status": "queued"}
# Logged by two processes, in any order.
ANSWERED: tuple[Line, ...] = tuple(
    {**service, "event": "request", "method": "POST", "status": 202} for service in (API, GATEWAY)
)


def published(kind: str) -> Line:
    """The log line of any process: all that share the outbox may publish the event."""
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


async def test_a_run_that_dies_is_logged_with_the_worker_that_took_over(
    system: System, person: Person, mailbox: Mailbox, media: Media, receiver: Receiver
) -> None:
    answer = await person.upload_raw(media.video(seconds=LONG_S).read_bytes(), FORGED)
    identity = answer.json()["id"]
    request = answer.headers["x-request-id"], identity
    await until(system.freeze_ffmpeg, timeout_s=60, what="ffmpeg at work")
    await asyncio.to_thread(system.kill, "worker")
    await asyncio.to_thread(system.start, "worker")
    await person.finished(identity, timeout_s=100)
    # The first mail is about the webhook.
    _, mail = await mailbox.next_to(person.email, count=2)
    await logged(system, request, published("conversion_completed"))
    log = await logged(
        system,
        request,
        {"event": "conversion claimed", "run": 1},
        {"run": 2},
        {"event": "conversion completed"},
    )
    for answered in ANSWERED:
        assert log.lacks(RECORDED, answered) is None
    assert log.lacks(published("video_uploaded"), {"event": "conversion completed"}) is None
    runs = {line["run"]: line["worker"] for line in log.lines if line["event"] in CLAIMED}
    # On a slow machine the second run may lose its lease of 3 s too; then a third run follows.
    dead = [line["was_with"] for line in log.lines if line.get("was_with")]
    assert dead == [runs[run] for run in range(1, len(runs))]
    assert runs[1] != runs[2]
    for event in ("email sent", "webhook sent"):
        await logged(system, request, {**NOTIFICATION, "event": event})
    link = httpx.URL(link_in(mail))
    await _contains_no_secret(
        system, request, str(link.params.get("signature")), person.tokens["access_token"]
    )
    assert all("forged" not in str(line["event"]) for line in log.lines)
    assert {line["subject"] for line in log.lines if "event_id" in line} == {identity}


async def test_cancelled_and_failed_conversions_are_logged_too(
    system: System, person: Person, media: Media, receiver: Receiver
) -> None:
    await asyncio.to_thread(system.kill, "mail")
    try:
        silent = await person.upload_raw(media.silent_video(1.0).read_bytes())
        refused = silent.headers["x-request-id"], silent.json()["id"]
        await person.finished(silent.json()["id"])
        await logged(
            system,
            refused,
            {**WORKER, "event": "media rejected", "code": "no_audio_track"},
            {**WORKER, "event": "conversion failed"},
        )
        await logged(system, refused, {**NOTIFICATION, "event": "email not sent, will be retried"})
    finally:
        await asyncio.to_thread(system.start, "mail")
    await logged(system, refused, published("conversion_failed"))
    for event in ("email sent", "webhook sent"):
        await logged(system, refused, {**NOTIFICATION, "event": event})

    answer = await person.upload_raw(media.video(seconds=LONG_S).read_bytes())
    identity = answer.json()["id"]
    request = answer.headers["x-request-id"], identity
    await until(system.freeze_ffmpeg, timeout_s=60, what="ffmpeg at work")
    cancelling = (await person.post(f"/v1/conversions/{identity}/cancel")).headers["x-request-id"]
    await logged(
        system,
        request,
        {"event": "conversion claimed"},
        {
            "event": "conversion recorded",
            "status": "cancelled",
            "asked_by": cancelling,
        },
    )
    await logged(system, request, published("conversion_cancelled"))
    await logged(system, request, {**NOTIFICATION, "event": "webhook sent"})
    await logged(system, request, {**WORKER, "event": "lease lost, run discarded"})
    assert receiver.deliveries(identity)


async def logged(system: System, request: Request, *steps: Line) -> RequestLog:
    """Waits until the logs contain these lines in this order: some follow the response to the client."""

    def complete() -> RequestLog:
        log = RequestLog(system.stack, *request)
        missing = log.lacks(*steps)
        assert missing is None, f"{missing} is not in\n{log}"
        assert not log.strays
        return log

    return await until(partial(asyncio.to_thread, complete), timeout_s=60, what="the log lines of a request")


async def _contains_no_secret(system: System, request: Request, *secrets: str) -> None:
    log = await asyncio.to_thread(RequestLog, system.stack, *request)
    assert all(len(secret) > 20 and secret not in str(log) for secret in secrets)
