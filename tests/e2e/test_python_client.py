"""The Python client on the real system: sessions, second factors, both forms of the client."""

import asyncio
from contextlib import closing
from pathlib import Path

import pyotp
import pytest

from devstack.ports import free_port
from tests.support.client import PASSWORD, Person
from tests.support.media import Media
from tests.support.system import System
from tests.support.tonegate_command import TonegateCommand
from tonegate_client import Client, ConversionFailed, JobStore, Options, Problem, SessionTokens, SyncClient
from tonegate_client.state.credential_file import CredentialFile


def convert_synchronously(system: System, person: Person, video: Path, folder: Path) -> None:
    database = folder / "jobs.sqlite3"
    with (
        closing(JobStore(database)) as one,
        closing(JobStore(database)) as two,
        SyncClient(system.url) as client,
    ):
        assert client.sign_in(person.email, person.password).email == person.email
        options = Options(format="opus", start=0.25)
        made = client.convert_file(video, folder / "first.opus", options, jobs=one)
        again = client.convert_file(video, folder / "again.opus", options, jobs=two)
        assert (again.id, made.options.start) == (made.id, 0.25)
        assert [each.id for each in client.conversions()] == [made.id]
        assert [each.name for each in client.follow(made.id)] == ["completed"]
        client.delete(made.id)
        with pytest.raises(Problem) as caught:
            client.get(made.id)
        assert caught.value.code == "not_found"
        client.sign_out()
    assert (folder / "first.opus").read_bytes() == (folder / "again.opus").read_bytes()


async def test_the_synchronous_client_converts_a_file_once(
    system: System, person: Person, media: Media, tmp_path: Path
) -> None:
    video = media.video(seconds=1)
    await asyncio.to_thread(convert_synchronously, system, person, video, tmp_path)


async def test_many_calls_of_several_clients_share_one_refresh(
    system: System, person: Person, tmp_path: Path
) -> None:
    path = tmp_path / "credentials.json"
    async with Client(system.url, credentials=CredentialFile(path).of(system.url)) as client:
        await client.accounts.sign_in(person.email, person.password)
    store = CredentialFile(path).of(system.url)
    for _ in range(3):
        tokens = store.load()
        assert isinstance(tokens, SessionTokens)
        store.save(
            SessionTokens(
                account=tokens.account,
                access_token=tokens.access_token,
                refresh_token=tokens.refresh_token,
                expires_at_s=0.0,
            )
        )
        clients = [Client(system.url, credentials=CredentialFile(path).of(system.url)) for _ in range(4)]
        found = await asyncio.gather(*(each.accounts.me() for each in clients for _ in range(4)))
        assert {each.email for each in found} == {person.email}
        await asyncio.gather(*(each.aclose() for each in clients))


async def test_an_administrator_sees_the_system_and_changes_an_account(
    system: System, person: Person, media: Media
) -> None:
    made = (await person.upload(media.video(seconds=1), "talk.mp4")).raise_for_status().json()
    email = f"admin-{person.email}"
    await asyncio.to_thread(system.command, "auth", "create-admin", email, AUTH_ADMIN_PASSWORD=PASSWORD)
    async with Client(system.url) as client:
        await client.accounts.sign_in(email, PASSWORD)
        overview = await client.admin.overview()
        assert (len(overview.hours), overview.hours[-1].accepted > 0) == (24, True)
        users = [each async for each in client.admin.users(email=person.email)]
        (user,) = (each for each in users if each.email == person.email)
        owned = [each async for each in client.admin.conversions(owner_id=user.id)]
        assert [(each.id, each.owner_id) for each in owned] == [(made["id"], user.id)]
        for disabled in (True, False):
            assert (await client.admin.change_user(user.id, disabled=disabled)).disabled is disabled
        audit = [each async for each in client.admin.audit(most=2)]
        assert {(each.action, each.subject_id) for each in audit} == {("user_changed", user.id)}
        with pytest.raises(Problem, match="not"):
            await client.admin.replay_dead_letter("0" * 32)
        assert all([each.status == "waiting" async for each in client.admin.dead_letters(status="waiting")])


async def test_a_webhook_is_changed_and_its_messages_are_listed(system: System, person: Person) -> None:
    async with Client(system.url) as client:
        await client.accounts.sign_in(person.email, person.password)
        hook = await client.webhooks.create(f"http://127.0.0.1:{free_port()}/hook")
        changed = await client.webhooks.change(hook.id, events=["conversion.failed"])
        assert (changed.events, changed.status, changed.url) == (["conversion.failed"], "enabled", hook.url)
        assert (await client.webhooks.rotate_secret(hook.id)).secret != hook.secret
        sent = [(await client.webhooks.test(hook.id)).id for _ in range(3)]
        assert [each.id async for each in client.webhooks.deliveries(hook.id, most=2)] == sent[:0:-1]
        assert (await client.webhooks.replay(hook.id, sent[0])).id == sent[0]


async def test_a_conversion_without_sound_is_an_exception(
    system: System, person: Person, media: Media, tmp_path: Path
) -> None:
    def convert() -> None:
        with SyncClient(system.url) as client:
            client.sign_in(person.email, person.password)
            client.convert_file(media.silent_video(), tmp_path / "none.mp3")

    with pytest.raises(ConversionFailed) as caught:
        await asyncio.to_thread(convert)
    assert caught.value.code == "no_audio_track"


async def test_an_account_with_an_app_signs_in_by_its_code(
    system: System, person: Person, tmp_path: Path
) -> None:
    added = (await person.post("/v1/auth/factors/totp")).raise_for_status().json()
    code = pyotp.TOTP(added["secret"]).now()
    confirmed = await person.post(f"/v1/auth/factors/{added['id']}/confirm", code=code)
    recovery_code = confirmed.raise_for_status().json()["recovery_codes"][0]

    tonegate = TonegateCommand(system.url, tmp_path, tmp_path)
    given = ("login", "--email", person.email, "--password-stdin")
    await tonegate.done(*given, "--code", recovery_code, stdin=f"{person.password}\n".encode())
    assert (await tonegate.json("whoami"))["account"]["email"] == person.email
    used = await tonegate.run(*given, "--code", recovery_code, stdin=f"{person.password}\n".encode())
    assert used.code == 3
