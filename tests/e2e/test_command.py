"""The command `tonegate` on the real system: each subcommand, interruptions, odd names."""

import asyncio
import hashlib
import os
from asyncio.subprocess import Process
from pathlib import Path

import pytest

from devstack.ports import free_port
from tests.support.cable import cable
from tests.support.client import PASSWORD, Person
from tests.support.media import Media
from tests.support.own_conversions import audio_of, conversions_of, padded
from tests.support.system import System
from tests.support.tonegate_command import TonegateCommand

MIB = 1024 * 1024
LARGE_BYTES = 12 * MIB
ODD_NAMES = (
    b"two words.mp4",
    'new\nline "quoted" \U0001f600.mkv'.encode(),
    b"not UTF-8 \xff.mp4",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "videos"
    path.mkdir()
    return path


@pytest.fixture
async def tonegate(system: System, person: Person, tmp_path: Path, folder: Path) -> TonegateCommand:
    """The command, signed in."""
    command = TonegateCommand(system.url, tmp_path, folder)
    await command.sign_in(person.email, person.password)
    return command


async def test_a_folder_with_odd_names_is_converted_once(
    tonegate: TonegateCommand, person: Person, media: Media, folder: Path, tmp_path: Path
) -> None:
    for name in ODD_NAMES:
        container = "mkv" if name.endswith(b"mkv") else "mp4"
        (folder / os.fsdecode(name)).write_bytes(media.video(seconds=1, container=container).read_bytes())
    out = tmp_path / "audio"
    first = await tonegate.done("convert", ".", "-o", str(out), "--json")
    again = await tonegate.done("convert", ".", "-o", str(out), "--json")

    made = {os.fsencode(path.name): path.read_bytes() for path in out.iterdir()}
    assert set(made) == {name[:-3] + b"mp3" for name in ODD_NAMES}
    listed = await conversions_of(person)
    assert {each["status"] for each in first.records} == {each["status"] for each in listed} == {"completed"}
    assert len(listed) == len(ODD_NAMES)
    assert sorted(made.values()) == sorted(await audio_of(person, listed))
    assert {(each["status"], each["reason"]) for each in again.records} == {("skipped", "converted before")}


async def test_a_conversion_that_is_killed_while_it_sends_goes_on_and_is_made_once(
    system: System, person: Person, media: Media, folder: Path, tmp_path: Path
) -> None:
    video = folder / "long.mp4"
    video.write_bytes(padded(media.video(seconds=1), LARGE_BYTES))
    async with cable(system.address, LARGE_BYTES // 3) as (line, url):
        tonegate = TonegateCommand(url, tmp_path, folder)
        await tonegate.sign_in(person.email, person.password)
        async with tonegate.start("convert", "long.mp4") as process:
            await asyncio.wait_for(line.holds.wait(), 60)
            process.kill()
        await line.hold_nothing()
        before = line.sent
        await tonegate.done("convert", "long.mp4")
        sent_again = line.sent - before

    (found,) = await conversions_of(person)
    assert found["source"]["sha256"] == hashlib.sha256(video.read_bytes()).hexdigest()
    assert [(folder / "long.mp3").read_bytes()] == await audio_of(person, [found])
    assert sent_again < LARGE_BYTES - 2 * MIB


async def test_a_server_that_restarts_during_an_upload_is_waited_for(
    system: System, person: Person, media: Media, folder: Path, tmp_path: Path
) -> None:
    video = folder / "long.mp4"
    video.write_bytes(padded(media.video(seconds=1), LARGE_BYTES))
    async with cable(system.address, LARGE_BYTES // 3) as (line, url):
        tonegate = TonegateCommand(url, tmp_path, folder)
        await tonegate.sign_in(person.email, person.password)
        async with tonegate.start("convert", "long.mp4") as process:
            await asyncio.wait_for(line.holds.wait(), 60)
            await asyncio.to_thread(system.kill, "gateway")
            await asyncio.to_thread(system.start, "gateway")
            await line.hold_nothing()
            _, errors = await asyncio.wait_for(process.communicate(), 90)
    assert process.returncode == 0, errors.decode()
    (found,) = await conversions_of(person)
    assert [(folder / "long.mp3").read_bytes()] == await audio_of(person, [found])


async def test_a_video_from_standard_input_becomes_audio_on_standard_output(
    tonegate: TonegateCommand, person: Person, media: Media
) -> None:
    video = media.video(seconds=1, container="mkv").read_bytes()
    done = await tonegate.done("convert", "-", "--name", "live.mkv", "--format", "opus", stdin=video)
    (found,) = await conversions_of(person)
    assert (found["source"]["filename"], found["result"]["format"]) == ("live.mkv", "opus")
    assert [done.stdout] == await audio_of(person, [found])


async def reported(process: Process) -> Path:
    """The next result, once the command has noted it."""
    assert process.stdout is not None
    return Path((await asyncio.wait_for(process.stdout.readline(), 90)).decode().rstrip("\n"))


async def test_a_watched_folder_is_converted_once_also_after_a_restart(
    tonegate: TonegateCommand, person: Person, media: Media, folder: Path
) -> None:
    watching = ("watch", ".", "--interval", "0.1")
    (folder / "one.mp4").write_bytes(media.video(seconds=1).read_bytes())
    async with tonegate.start(*watching) as process:
        assert await reported(process) == folder / "one.mp3"
    (folder / "one.mp3").unlink()
    (folder / "two.mkv").write_bytes(media.video(seconds=1, container="mkv").read_bytes())
    async with tonegate.start(*watching) as process:
        assert await reported(process) == folder / "two.mp3"
    assert not (folder / "one.mp3").exists()
    assert len(await conversions_of(person)) == 2


async def test_conversions_are_listed_shown_fetched_shared_and_deleted(
    tonegate: TonegateCommand, person: Person, media: Media, folder: Path
) -> None:
    made = (await person.upload(media.video(seconds=1), "talk.mp4")).raise_for_status().json()
    await tonegate.done("get", made["id"])
    assert [(folder / "talk.mp3").read_bytes()] == await audio_of(person, [made])
    assert (await tonegate.run("get", made["id"])).code == 1  # the file is there

    assert [each["id"] for each in await tonegate.json("list", "--status", "completed")] == [made["id"]]
    assert (await tonegate.json("show", made["id"]))["status"] == "completed"
    link = (await tonegate.done("link", made["id"])).stdout.decode().strip()
    assert (await person.http.get(link)).content == (folder / "talk.mp3").read_bytes()
    await tonegate.done("unlink", made["id"])
    assert (await person.http.get(link)).status_code == 401
    assert (await tonegate.json("rename", made["id"], "Ada"))["title"] == "Ada"
    await tonegate.done("convert", "--again", made["id"], "--format", "flac")
    assert [(folder / "Ada.flac").read_bytes()] == await audio_of(person, (await conversions_of(person))[:1])
    refused = await tonegate.run("cancel", made["id"], "--json")
    assert (refused.code, '"code": "conflict"' in refused.stderr) == (1, True)
    await tonegate.done("delete", made["id"])
    assert (await tonegate.run("show", made["id"])).stderr.endswith("See: tonegate list\n")


async def test_a_failed_conversion_is_reported_and_can_be_retried(
    tonegate: TonegateCommand, media: Media, folder: Path
) -> None:
    (folder / "silent.mp4").write_bytes(media.silent_video().read_bytes())
    failed = await tonegate.run("convert", "silent.mp4", "--json")
    assert (failed.code, failed.records[0]["error"]["code"]) == (1, "no_audio_track")
    (listed,) = await tonegate.json("list")
    assert (await tonegate.json("retry", listed["id"]))["status"] == "queued"


async def test_keys_and_webhooks_are_managed_and_a_key_signs_in(
    tonegate: TonegateCommand, tmp_path: Path
) -> None:
    key = await tonegate.json("keys", "create", "nightly", "--days", "2")
    assert [each["id"] for each in await tonegate.json("keys", "list")] == [key["id"]]
    program = TonegateCommand(tonegate.server, tmp_path / "program", tonegate.folder)
    await program.done("login", "--api-key", stdin=f"{key['key']}\n".encode())
    assert (await program.json("whoami"))["account"].startswith("API key")
    await tonegate.done("keys", "delete", key["id"])
    assert (await program.run("list")).code == 3

    hook = await tonegate.json(
        "webhooks", "create", f"http://127.0.0.1:{free_port()}/hook", "--event", "conversion.failed"
    )
    assert [each["id"] for each in await tonegate.json("webhooks", "list")] == [hook["id"]]
    assert (await tonegate.json("webhooks", "test", hook["id"]))["type"] == "webhook.test"
    (sent,) = await tonegate.json("webhooks", "deliveries", hook["id"])
    assert (await tonegate.json("webhooks", "replay", hook["id"], sent["id"]))["id"] == sent["id"]
    await tonegate.done("webhooks", "delete", hook["id"])


async def test_an_administrator_disables_an_account(
    system: System, person: Person, tmp_path: Path, folder: Path
) -> None:
    email = f"admin-{person.email}"
    await asyncio.to_thread(system.command, "auth", "create-admin", email, AUTH_ADMIN_PASSWORD=PASSWORD)
    admin = TonegateCommand(system.url, tmp_path, folder)
    await admin.sign_in(email, PASSWORD)
    account = (await person.get("/v1/auth/me")).json()
    assert (await admin.json("admin", "users", "disable", account["id"]))["email"] == person.email
    assert (await person.get("/v1/auth/me")).status_code == 401


async def test_the_doctor_finds_nothing_wrong_and_signing_out_ends_the_session(
    tonegate: TonegateCommand, person: Person
) -> None:
    findings = await tonegate.json("doctor")
    assert {each["exit_code"] for each in findings} == {0}
    assert (await tonegate.json("whoami"))["account"]["email"] == person.email
    refused = await tonegate.run("admin", "users")
    assert (refused.code, refused.stderr.endswith("of an administrator: tonegate login\n")) == (1, True)
    await tonegate.done("logout")
    signed_out = await tonegate.run("list")
    assert (signed_out.code, signed_out.stderr) == (3, "You are not signed in. Run: tonegate login\n")
