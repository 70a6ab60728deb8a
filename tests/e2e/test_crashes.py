"""Whatever dies, an accepted upload ends in exactly one MP3 and one mail."""

import asyncio
from functools import partial

import httpx
import pytest

from tests.support.client import Person
from tests.support.mailbox import Mailbox
from tests.support.media import Media
from tests.support.system import System
from tests.support.wait import until

SERVICES = ("gateway", "auth", "converter", "worker", "notification")


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("moment", ["queued", "converting", "completed"])
async def test_a_service_killed_between_two_steps_loses_and_repeats_nothing(
    system: System, person: Person, mailbox: Mailbox, media: Media, service: str, moment: str
) -> None:
    answer = await person.upload(media.video(seconds=120), "survivor.mp4")
    assert answer.status_code == 202
    identity = answer.json()["id"]
    await until(lambda: system.status_of(identity) in _from(moment), timeout_s=60, what=f"{moment}")

    await asyncio.to_thread(system.kill, service)
    await asyncio.to_thread(system.start, service)

    await _one_mp3_and_one_mail(system, person, mailbox, identity)


async def test_a_worker_killed_again_and_again_still_finishes(
    system: System, person: Person, mailbox: Mailbox, media: Media
) -> None:
    identity = (await person.upload(media.video(seconds=120))).json()["id"]
    for attempt in (1, 2):
        begun = partial(_attempts, system, identity, attempt)
        await until(begun, timeout_s=60, what=f"attempt {attempt}")
        await asyncio.to_thread(system.kill, "worker")
        await asyncio.to_thread(system.start, "worker")
    await _one_mp3_and_one_mail(system, person, mailbox, identity)


async def test_a_worker_that_is_asked_to_stop_hands_its_work_back_at_once(
    system: System, person: Person, mailbox: Mailbox, media: Media
) -> None:
    identity = (await person.upload(media.video(seconds=600))).json()["id"]
    await until(lambda: system.status_of(identity) == "converting", timeout_s=60, what="converting")
    await asyncio.to_thread(system.stop, "worker")
    assert system.status_of(identity) in {"queued", "completed"}
    await asyncio.to_thread(system.start, "worker")
    await _one_mp3_and_one_mail(system, person, mailbox, identity)


async def test_every_service_killed_at_once_comes_back_to_finish(
    system: System, person: Person, mailbox: Mailbox, media: Media
) -> None:
    identity = (await person.upload(media.video(seconds=120))).json()["id"]
    for service in SERVICES:
        await asyncio.to_thread(system.kill, service)
    await asyncio.to_thread(system.start, *SERVICES)
    await _one_mp3_and_one_mail(system, person, mailbox, identity)


def _from(moment: str) -> set[str]:
    """A quick machine may be past the moment already; what follows must hold all the same."""
    order = ["queued", "converting", "completed"]
    return set(order[order.index(moment) :])


def _attempts(system: System, identity: str, number: int) -> bool:
    return int(system.document_of(identity)["attempts"]) == number


async def _one_mp3_and_one_mail(system: System, person: Person, mailbox: Mailbox, identity: str) -> None:
    done = await person.finished(identity, timeout_s=100)
    assert done["status"] == "completed", done
    audio = await person.audio(identity)
    assert audio.status_code == httpx.codes.OK
    assert len(audio.content) == done["result"]["size"]
    await mailbox.next_to(person.email)
    await until(lambda: system.is_quiet(identity), timeout_s=60, what="every event to be delivered")
    assert len(mailbox.to(person.email)) == 1
    assert system.stored_files_of(identity) == 2, "the video and exactly one MP3"
