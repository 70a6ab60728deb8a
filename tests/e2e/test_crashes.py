"""After the crash of any process an accepted upload still becomes exactly one MP3 and one mail."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import httpx
import pytest

from tests.support.client import Person
from tests.support.mailbox import Mailbox
from tests.support.media import Media
from tests.support.system import System
from tests.support.wait import until

SERVICES = ("gateway", "auth", "converter", "worker", "notification")
# Step of an upload → the part that performs the next one.
HOLDERS = {"queued": "worker", "converting": "worker", "completed": "notification"}
# The part with the next step, and each other part once; `make faults` tries all combinations.
KILLED = [
    ("queued", "worker"),
    ("queued", "converter"),
    ("converting", "worker"),
    ("converting", "gateway"),
    ("converting", "auth"),
    ("completed", "notification"),
    ("completed", "worker"),
]
# Long enough to be interrupted while converting.
LONG_S = 300


@pytest.mark.parametrize(("moment", "service"), KILLED)
async def test_a_service_killed_between_two_steps_loses_and_repeats_nothing(
    system: System, person: Person, mailbox: Mailbox, media: Media, moment: str, service: str
) -> None:
    async with _held(system, person, media, moment) as identity:
        await asyncio.to_thread(system.kill, service)
        assert system.status_of(identity) == moment
        assert mailbox.to(person.email) == []
    await asyncio.to_thread(system.start, service)

    await _one_mp3_and_one_mail(system, person, mailbox, identity)


async def test_a_worker_killed_again_and_again_still_finishes(
    system: System, person: Person, mailbox: Mailbox, media: Media
) -> None:
    identity = await _uploaded(person, media, seconds=LONG_S)
    for attempt in (1, 2):
        begun = partial(_attempts, system, identity, attempt)
        await until(begun, what=f"attempt {attempt}")
        system.freeze("worker")
        assert system.status_of(identity) == "converting"
        await asyncio.to_thread(system.kill, "worker")
        await asyncio.to_thread(system.start, "worker")
    await _one_mp3_and_one_mail(system, person, mailbox, identity)


async def test_a_stopping_worker_releases_its_conversion_at_once(
    system: System, person: Person, mailbox: Mailbox, media: Media
) -> None:
    identity = await _uploaded(person, media, seconds=LONG_S)
    await until(system.freeze_ffmpeg, what="ffmpeg at work")
    assert system.status_of(identity) == "converting"
    await asyncio.to_thread(system.stop, "worker")
    assert system.status_of(identity) == "queued"
    await asyncio.to_thread(system.start, "worker")
    await _one_mp3_and_one_mail(system, person, mailbox, identity)


async def test_all_services_killed_together_finish_after_their_restart(
    system: System, person: Person, mailbox: Mailbox, media: Media
) -> None:
    identity = await _uploaded(person, media, seconds=LONG_S)
    for service in SERVICES:
        await asyncio.to_thread(system.kill, service)
    await asyncio.to_thread(system.start, *SERVICES)
    await _one_mp3_and_one_mail(system, person, mailbox, identity)


@asynccontextmanager
async def _held(system: System, person: Person, media: Media, moment: str) -> AsyncIterator[str]:
    """Uploads a video and freezes the part that would perform the next step, so that the upload stays
    there.
    """
    holder, waits = HOLDERS[moment], moment == "converting"
    try:
        if not waits:
            system.freeze(holder)
        identity = await _uploaded(person, media, seconds=LONG_S if waits else 1)
        await until(lambda: system.status_of(identity) == moment, what=moment)
        system.freeze(holder)
        yield identity
    finally:
        system.thaw(holder)


async def _uploaded(person: Person, media: Media, *, seconds: float) -> str:
    answer = await person.upload(media.video(seconds=seconds), "survivor.mp4")
    assert answer.status_code == httpx.codes.ACCEPTED
    return str(answer.json()["id"])


def _attempts(system: System, identity: str, number: int) -> bool:
    return int(system.document_of(identity)["attempts"]) >= number


async def _one_mp3_and_one_mail(system: System, person: Person, mailbox: Mailbox, identity: str) -> None:
    done = await person.finished(identity)
    assert done["status"] == "completed", done
    audio = await person.audio(identity)
    assert audio.status_code == httpx.codes.OK
    assert len(audio.content) == done["result"]["size"]
    (mail,) = await mailbox.next_to(person.email)
    await until(lambda: system.state_of_letter(mail) == "sent", what="the ledger to know of it")
    await until(lambda: system.is_quiet(identity), what="every event to be delivered")
    assert len(mailbox.to(person.email)) == 1
    await until(lambda: system.stored_files_of(identity) == 3, what="the video, one MP3 and its details")
