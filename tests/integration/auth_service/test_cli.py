"""Operator commands, run while the service runs."""

import asyncio
import os
import sys

import pytest
from jose import jwt
from sqlalchemy import text

from auth_service.__main__ import command as command_line
from auth_service.cli import CommandError, run_command
from auth_service.settings import CommandSettings
from shared.settings import Secret
from tests.integration.auth_service.account_mails import AccountMails
from tests.integration.auth_service.replica import DATA_KEYS, PASSWORD, Clock, Person, Replica
from tests.integration.auth_service.sql import opened
from tests.integration.auth_service.tokens.test_key_ring import published
from tests.support.wait import PATIENCE_S

ADMIN = "root@example.org"


@pytest.fixture
def command(postgres_url: str) -> CommandSettings:
    return CommandSettings(
        database_url=Secret(postgres_url), data_keys=Secret(DATA_KEYS), admin_password=Secret(PASSWORD)
    )


async def run(postgres_url: str, *arguments: str, stdin: str = "") -> tuple[int, str]:
    """Runs the command in a separate process; returns the exit code and the output."""
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", "auth_service", *arguments),
        env={**os.environ, "AUTH_DATABASE_URL": postgres_url, "AUTH_DATA_KEYS": DATA_KEYS},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(PATIENCE_S):
        output, _ = await running.communicate(stdin.encode())
    assert running.returncode is not None
    return running.returncode, output.decode()


async def actions(url: str) -> list[tuple[str, object]]:
    async with opened(url) as database, database.transaction() as session:
        rows = await session.execute(text("SELECT action, actor_id FROM auth.audit ORDER BY position"))
        return [(row.action, row.actor_id) for row in rows]


async def test_the_first_administrator_comes_from_the_command_line(auth: Replica, postgres_url: str) -> None:
    code, output = await run(postgres_url, "create-admin", f" {ADMIN}\t", stdin=PASSWORD + "\n")
    assert (code, PASSWORD in output) == (0, False), output
    admin = Person(auth, ADMIN)
    await admin.sign_in()
    me = (await auth.me(admin.access_token)).json()
    assert (me["roles"], me["email_verified"]) == (["user", "admin"], True)
    assert (await admin.call("GET", "admin/users")).status_code == 200
    assert (await actions(postgres_url))[0] == ("admin_created", None)


async def test_an_account_with_a_verified_address_is_promoted_and_keeps_its_password(
    auth: Replica, mails: AccountMails, postgres_url: str, clock: Clock, command: CommandSettings
) -> None:
    person = await auth.person()
    verified = await auth.verify(await mails.verification(person.email))
    assert verified.status_code == 204
    output = await run_command(["create-admin", f" {person.email.upper()} "], command, clock.now)
    assert "is now an administrator" in output
    assert (await person.call("GET", "admin/users")).status_code == 200, "also where it is signed in already"
    await person.sign_in()
    assert "already" in await run_command(["create-admin", person.email], command, clock.now)
    assert (await actions(postgres_url))[0] == ("admin_promoted", None)


async def test_an_account_registered_for_a_foreign_address_does_not_become_an_administrator(
    auth: Replica, mails: AccountMails, postgres_url: str, clock: Clock, command: CommandSettings
) -> None:
    """An attacker registers the operator's address before the operator runs `create-admin`."""
    attacker = await auth.person()
    with pytest.raises(CommandError, match="address is not verified"):
        await run_command(["create-admin", attacker.email], command, clock.now)
    assert await actions(postgres_url) == []
    await attacker.sign_in()
    assert (await attacker.call("GET", "admin/users")).status_code == 403

    await auth.post("password/forgot", email=attacker.email)
    reset = await auth.post(
        "password/reset", token=await mails.reset(attacker.email), password="the operator's own words"
    )
    assert reset.status_code == 204
    await run_command(["create-admin", attacker.email], command, clock.now)
    assert (await auth.login(attacker.email)).status_code == 401
    assert not await attacker.is_signed_in()


async def test_there_is_no_default_administrator(auth: Replica, postgres_url: str) -> None:
    await auth.person()
    async with opened(postgres_url) as database, database.transaction() as session:
        admins = text("SELECT count(*) FROM auth.users WHERE 'admin' = ANY(roles)")
        assert await session.scalar(admins) == 0


@pytest.mark.parametrize(
    ("arguments", "password", "expected"),
    [
        (["create-admin", "no address"], PASSWORD, "email must be an email address"),
        (["create-admin", ADMIN], "short", "password must be at least 8"),
        (["create-admin", ADMIN], ADMIN, "password must not be made of your address"),
        (["create-admin"], PASSWORD, "usage"),
        (["create-admin", ADMIN, PASSWORD], PASSWORD, "usage"),
        (["drop-everything"], PASSWORD, "usage"),
    ],
)
async def test_a_failed_command_prints_the_reason_and_changes_nothing(
    auth: Replica, postgres_url: str, clock: Clock, arguments: list[str], password: str, expected: str
) -> None:
    settings = CommandSettings(
        database_url=Secret(postgres_url), data_keys=Secret(DATA_KEYS), admin_password=Secret(password)
    )
    with pytest.raises(CommandError, match=expected):
        await run_command(arguments, settings, clock.now)
    assert (await auth.login(ADMIN)).status_code == 401
    assert await actions(postgres_url) == []


async def test_keys_are_rotated_while_the_service_runs(
    auth: Replica, postgres_url: str, clock: Clock, command: CommandSettings
) -> None:
    person = await auth.person()
    old = jwt.get_unverified_header(person.access_token)["kid"]
    output = await run_command(["rotate-keys"], command, clock.now)
    clock.advance(seconds=10)
    assert await person.is_signed_in()
    await person.refresh()
    new = jwt.get_unverified_header(person.access_token)["kid"]
    assert new != old
    assert new in output
    assert await published(auth) == [new, old]
    assert await actions(postgres_url) == [("keys_rotated", None)]


@pytest.mark.parametrize(
    ("url", "arguments", "code", "expected"),
    [
        ("postgresql://nobody@127.0.0.1:1/nothing", ["nonsense"], 2, "usage"),
        ("", ["rotate-keys"], 78, "AUTH_DATABASE_URL"),
        ("postgresql://nobody@127.0.0.1:1/nothing", ["rotate-keys"], 1, "PostgreSQL is unavailable"),
    ],
)
def test_a_failure_has_an_exit_code_and_a_one_line_message(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    url: str,
    arguments: list[str],
    code: int,
    expected: str,
) -> None:
    monkeypatch.setenv("AUTH_DATABASE_URL", url)
    monkeypatch.setenv("AUTH_DATA_KEYS", DATA_KEYS)
    assert command_line(arguments) == code
    output = capsys.readouterr()
    assert expected in output.err
    assert output.out == ""
