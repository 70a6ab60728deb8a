"""Signing keys at rest: encrypted with AUTH_DATA_KEYS, and not usable without them."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlalchemy import text

from auth_service.__main__ import command as command_line
from auth_service.cli import run_command
from auth_service.database.encryption import DataCipher
from auth_service.maintenance.reencryption import Reencryption
from auth_service.migrations.tables import METADATA
from auth_service.settings import CommandSettings
from auth_service.tokens.key_storage import key_pair
from auth_service.tokens.repository import SigningKeyRepository
from shared.identity.key_pair import KeyPair
from shared.settings import Secret
from tests.integration.auth_service.replica import CIPHER, DATA_KEYS, Clock, Replica, running, settings
from tests.integration.auth_service.sql import opened, transaction
from tests.support.messaging import MemoryBroker
from tests.support.wait import until

NEW = "n" * 43


async def only_key(url: str, clock: Clock) -> KeyPair:
    async with transaction(url) as session:
        (stored,) = await SigningKeyRepository(session).list_unexpired(clock.now())
        return key_pair(stored, CIPHER)


async def dump(url: str) -> bytes:
    """Every value of every table: bytes as they are, others as text."""
    async with transaction(url) as session:
        rows = [
            value
            for table in METADATA.sorted_tables
            for row in (await session.execute(text(f"SELECT * FROM auth.{table.name}"))).all()
            for value in row
        ]
    return b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in rows)


def spellings(key: KeyPair) -> list[bytes]:
    """The private number, and the text of its PEM."""
    private = load_pem_private_key(key.pem.reveal().encode(), password=None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    number = private.private_numbers().private_value.to_bytes(32, "big")
    return [number, number.hex().encode(), base64.b64encode(number)[:40], key.pem.reveal().encode()[30:60]]


async def test_a_dump_of_the_database_contains_no_private_key(
    auth: Replica, clock: Clock, postgres_url: str
) -> None:
    person = await auth.person()
    key, dumped = await only_key(postgres_url, clock), await dump(postgres_url)
    assert person.email.encode() in dumped
    assert b"PRIVATE KEY" not in dumped
    assert not [each for each in spellings(key) if each in dumped]


async def test_a_rotated_key_is_encrypted_too(auth: Replica, clock: Clock, postgres_url: str) -> None:
    command = CommandSettings(database_url=Secret(postgres_url), data_keys=Secret(DATA_KEYS))
    await run_command(["rotate-keys"], command, clock.now)
    assert b"PRIVATE KEY" not in await dump(postgres_url)
    async with transaction(postgres_url) as session:
        stored = await SigningKeyRepository(session).list_unexpired(clock.now())
        assert {key_pair(each, CIPHER).kid for each in stored} == {each.kid for each in stored}
        assert len(stored) == 2


async def test_a_key_copied_to_another_row_is_not_readable(
    auth: Replica, clock: Clock, postgres_url: str
) -> None:
    async with transaction(postgres_url) as session:
        await session.execute(text("UPDATE auth.signing_keys SET kid = 'other'"))
    async with running(settings(postgres_url), clock) as replica:
        answers = await until(lambda: replica.http.get("/.well-known/jwks.json"))
        assert answers.status_code == 503


async def test_data_keys_are_replaced_while_tokens_stay_valid(
    auth: Replica, clock: Clock, postgres_url: str, broker: MemoryBroker
) -> None:
    person = await auth.person()
    async with opened(postgres_url) as database:
        both = DataCipher(Secret(f"{NEW},{DATA_KEYS}"))
        assert await Reencryption(database, both).reencrypt() == 1
        assert await Reencryption(database, both).reencrypt() == 0
    async with running(settings(postgres_url, data_keys=Secret(NEW)), clock, broker) as renewed:
        await renewed.ready()
        assert await renewed.is_active(person.access_token)


async def test_with_a_lost_data_key_no_token_is_issued_until_keys_are_rotated(
    auth: Replica, clock: Clock, postgres_url: str, broker: MemoryBroker
) -> None:
    person = await auth.person()
    lost = settings(postgres_url, data_keys=Secret(NEW))
    async with running(lost, clock, broker) as replica:
        await until(replica.is_ready, what="the migrations have run")
        assert (await replica.login(person.email)).status_code == 503
        command = CommandSettings(database_url=Secret(postgres_url), data_keys=Secret(NEW))
        await run_command(["rotate-keys"], command, clock.now)
        clock.advance(seconds=10)
        assert (await replica.login(person.email)).status_code == 200
        assert not await replica.is_active(person.access_token)


@pytest.mark.parametrize("keys", ["", "x" * 43 + ",", "tooshort"])
def test_a_command_does_not_run_without_usable_data_keys(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], keys: str
) -> None:
    monkeypatch.setenv("AUTH_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    monkeypatch.setenv("AUTH_DATA_KEYS", keys)
    assert command_line(["rotate-keys"]) == 78
    assert "AUTH_DATA_KEYS" in capsys.readouterr().err
