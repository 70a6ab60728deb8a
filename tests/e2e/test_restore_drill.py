"""A backup of the whole running system, restored into an empty one."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from devstack.ports import free_port
from tests.integration.devstack.commands import command, kill
from tests.support.client import Person, signed_in, visiting
from tests.support.mailbox import Mailbox, link_in
from tests.support.media import Media
from tests.support.system import SETTINGS

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def given() -> dict[str, str]:
    """Both systems have the same public address, as one that replaces another does."""
    return {**SETTINGS, "GATEWAY_PORT": str(free_port())}


@pytest.fixture
def lost(tmp_path: Path, given: dict[str, str]) -> Iterator[Path]:
    """The state directory of the system that is lost."""
    yield from _stopped(tmp_path / "lost", given)


@pytest.fixture
def replacement(tmp_path: Path, given: dict[str, str]) -> Iterator[Path]:
    """The state directory of the system that replaces it."""
    yield from _stopped(tmp_path / "replacement", given)


def _stopped(state: Path, given: dict[str, str]) -> Iterator[Path]:
    yield state
    command("down", state, given)


@asynccontextmanager
async def _running(state: Path, given: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    said = await asyncio.to_thread(command, "up", state, given)
    assert "Tonegate is up" in said
    async with visiting(f"http://127.0.0.1:{given['GATEWAY_PORT']}") as http:
        yield http


async def test_everything_acknowledged_before_the_backup_is_there_after_the_restoration(
    lost: Path, replacement: Path, given: dict[str, str], media: Media, tmp_path: Path
) -> None:
    backup = tmp_path / "backup"
    async with _running(lost, given) as http:
        person = await signed_in(http)
        done = await _completed(person, media)
        audio = (await person.audio(done["id"])).content
        [mail] = await Mailbox(lost / "mail").next_to(person.email)
        hook = (await person.post("/v1/webhooks", url="https://example.org/hook")).raise_for_status().json()
        key = (await person.post("/v1/auth/api-keys", name="script")).raise_for_status().json()["key"]
        # Accepted, and not converted before the backup.
        kill(lost, "supervisor", "worker")
        waiting = (await person.upload(media.video(seconds=3), "waiting.mp4")).raise_for_status().json()
        assert "all records" in await asyncio.to_thread(command, "create", lost, given, backup)
        later = (await person.upload(media.video(seconds=2), "too late.mp4")).raise_for_status().json()
    assert command("down", lost, given) == "Tonegate is down.\n"

    said = await asyncio.to_thread(command, "restore", replacement, given, backup)
    assert said == "2 conversions are restored; start the system with `make up`\n"
    async with _running(replacement, given) as http:
        assert (await http.post("/v1/auth/refresh", json=_refresh(person))).status_code == 401
        person.http = http
        (await person.sign_in()).raise_for_status()
        assert (await person.conversion(done["id"]))["result"] == done["result"]
        assert (await person.audio(done["id"])).content == audio
        assert (await http.get(link_in(mail))).content == audio
        assert (await person.finished(waiting["id"]))["status"] == "completed"
        assert await Mailbox(replacement / "mail").next_to(person.email) != []
        assert (await person.get(f"/v1/conversions/{later['id']}")).status_code == 404
        assert [each["id"] for each in (await person.get("/v1/webhooks")).json()["items"]] == [hook["id"]]
        by_key = await http.get("/v1/conversions", headers={"Authorization": f"Bearer {key}"})
        assert {each["id"] for each in by_key.json()["items"]} == {done["id"], waiting["id"]}


async def _completed(person: Person, media: Media) -> dict[str, Any]:
    accepted = (await person.upload(media.video(seconds=2), "talk.mp4")).raise_for_status().json()
    done = await person.finished(accepted["id"])
    assert done["status"] == "completed"
    return done


def _refresh(person: Person) -> dict[str, str]:
    return {"refresh_token": person.tokens["refresh_token"]}
