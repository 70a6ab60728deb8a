"""Migrations: concurrent replicas, failures, downgrades, and agreement with the models."""

import asyncio
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError

from auth_service.cli import run_command
from auth_service.database.connection import driver_url, one_connection
from auth_service.database.table import SCHEMA
from auth_service.migrations.tables import METADATA
from auth_service.migrations.upgrade import alembic_config, migrate
from auth_service.settings import CommandSettings
from auth_service.tokens.key_storage import key_pair
from auth_service.tokens.repository import SigningKeyRepository
from devstack.servers.postgres import Postgres
from shared.identity.key_pair import generate
from shared.settings import Secret
from tests.integration.auth_service.replica import CIPHER, DATA_KEYS, Clock, build_application, settings
from tests.integration.auth_service.sql import opened, transaction
from tests.support.wait import PATIENCE_S

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)

IN_A_PROCESS_OF_ITS_OWN = """
import asyncio, sys
from datetime import UTC, datetime
from auth_service.tokens.repository import SigningKeyRepository
from auth_service.migrations.upgrade import migrate
from auth_service.database.encryption import DataCipher
from shared.settings import Secret
asyncio.run(migrate(Secret(sys.argv[1]), DataCipher(Secret(sys.argv[2])), lambda: datetime.now(UTC)))
"""


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """A database without any tables."""
    url = postgres.new_database()
    yield url
    postgres.drop_database(url)


async def kids(url: str) -> list[str]:
    async with transaction(url) as session:
        return [key.kid for key in await SigningKeyRepository(session).list_unexpired(NOW)]


def differences(connection: Connection) -> list[object]:
    def ours(_: object, name: str | None, kind: str, __: bool, ___: object) -> bool:
        return not (kind == "table" and name == "alembic_version")

    options = {
        "include_schemas": True,
        "include_object": ours,
        "include_name": lambda name, kind, _: kind != "schema" or name == SCHEMA,
        "compare_server_default": True,
    }
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), METADATA))


async def test_the_migrations_create_exactly_the_tables_of_the_models(postgres_url: str) -> None:
    await migrate(Secret(postgres_url), CIPHER, lambda: NOW)
    async with one_connection(Secret(postgres_url), command_s=10) as connection:
        assert await connection.run_sync(differences) == []
        await connection.execute(text("ALTER TABLE auth.users ADD COLUMN surplus text"))
        assert await connection.run_sync(differences), "the comparison sees a difference when there is one"


async def test_migrating_again_changes_nothing(postgres_url: str) -> None:
    await migrate(Secret(postgres_url), CIPHER, lambda: NOW)
    before = await kids(postgres_url)
    await migrate(Secret(postgres_url), CIPHER, lambda: NOW)
    assert await kids(postgres_url) == before
    assert len(before) == 1


async def test_the_command_migrate_creates_tables_and_a_key_and_then_changes_nothing(
    postgres_url: str, clock: Clock
) -> None:
    settings = CommandSettings(database_url=Secret(postgres_url), data_keys=Secret(DATA_KEYS))
    await run_command(["migrate"], settings, clock.now)
    before = await kids(postgres_url)
    await run_command(["migrate"], settings, clock.now)
    assert await kids(postgres_url) == before
    assert len(before) == 1


async def test_replicas_that_start_concurrently_create_one_schema_and_one_key(postgres_url: str) -> None:
    arguments = (sys.executable, "-W", "error", "-c", IN_A_PROCESS_OF_ITS_OWN, postgres_url, DATA_KEYS)
    replicas = [await asyncio.create_subprocess_exec(*arguments) for _ in range(3)]
    within = asyncio.gather(*(migrate(Secret(postgres_url), CIPHER, lambda: NOW) for _ in range(3)))
    async with asyncio.timeout(PATIENCE_S):
        assert [await replica.wait() for replica in replicas] == [0, 0, 0]
        await within
    assert len(await kids(postgres_url)) == 1


async def test_a_migration_that_fails_leaves_nothing_behind(postgres_url: str) -> None:
    url = Secret(postgres_url)
    async with one_connection(url, command_s=10) as connection:
        await connection.execute(text("CREATE SCHEMA auth"))
        await connection.execute(text("CREATE TABLE auth.outbox (in_the_way int)"))
    with pytest.raises(ProgrammingError, match="outbox"):
        await migrate(url, CIPHER, lambda: NOW)
    async with one_connection(url, command_s=10) as connection:
        tables = await connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'auth'"))
        assert tables.all() == ["outbox"]
        await connection.execute(text("DROP TABLE auth.outbox"))
    await migrate(url, CIPHER, lambda: NOW)
    assert len(await kids(postgres_url)) == 1


async def test_a_database_that_is_newer_than_the_program_stops_it(postgres_url: str, clock: Clock) -> None:
    await migrate(Secret(postgres_url), CIPHER, lambda: NOW)
    async with opened(postgres_url) as database, database.transaction() as session:
        await session.execute(text("UPDATE auth.alembic_version SET version_num = 'from the future'"))
    with pytest.raises(ExceptionGroup) as stopped:
        async with asyncio.timeout(PATIENCE_S), build_application(settings(postgres_url), clock).lifespan():
            await asyncio.Event().wait()
    assert stopped.group_contains(CommandError)


async def test_every_step_down_can_be_taken_and_up_again(postgres_url: str) -> None:
    def down_and_up(connection: Connection) -> None:
        command.downgrade(alembic_config(connection, CIPHER), "base")
        command.upgrade(alembic_config(connection, CIPHER), "head")

    await migrate(Secret(postgres_url), CIPHER, lambda: NOW)
    async with one_connection(Secret(postgres_url), command_s=10) as connection:
        await connection.run_sync(down_and_up)
        assert await connection.run_sync(differences) == []


async def test_existing_signing_keys_are_encrypted_and_stay_valid(postgres_url: str) -> None:
    def to(connection: Connection, revision: str) -> None:
        move = command.upgrade if revision == "head" else command.downgrade
        move(alembic_config(connection, CIPHER), revision)

    old, url = generate(), Secret(postgres_url)
    await migrate(url, CIPHER, lambda: NOW)
    async with one_connection(url, command_s=10) as connection:
        await connection.run_sync(to, "0011")
        await connection.execute(
            text("UPDATE auth.signing_keys SET kid = :kid, private_pem = :pem"),
            {"kid": old.kid, "pem": old.pem.reveal()},
        )
        await connection.run_sync(to, "head")
    async with transaction(postgres_url) as session:
        (stored,) = await SigningKeyRepository(session).list_unexpired(NOW)
        assert key_pair(stored, CIPHER).pem == old.pem
        columns = await session.execute(text("SELECT * FROM auth.signing_keys"))
        assert not [value for value in columns.one() if "PRIVATE KEY" in str(value)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            ["conversions:read", "conversions:write"],
            ["conversions:read", "conversions:write", "webhooks:read", "webhooks:write"],
        ),
        (["conversions:read"], ["conversions:read", "webhooks:read"]),
        (["conversions:write"], ["conversions:write"]),
    ],
)
async def test_an_older_key_keeps_what_it_legitimately_had(
    postgres_url: str, before: list[str], after: list[str]
) -> None:
    def to(connection: Connection, revision: str) -> None:
        move = command.upgrade if revision == "head" else command.downgrade
        move(alembic_config(connection, CIPHER), revision)

    await migrate(Secret(postgres_url), CIPHER, lambda: NOW)
    async with one_connection(Secret(postgres_url), command_s=10) as connection:
        await connection.run_sync(to, "0008")
        await connection.execute(
            text(
                "INSERT INTO auth.users (id, email, email_canonical, roles, created_at)"
                " VALUES (gen_random_uuid(), 'a@b.example', 'a@b.example', '{user}', now())"
            )
        )
        await connection.execute(
            text(
                "INSERT INTO auth.api_keys (id, user_id, fingerprint, name, hint, scopes, created_at)"
                " SELECT gen_random_uuid(), id, 'x', 'old', 'tng_', CAST(:scopes AS text[]), now()"
                " FROM auth.users"
            ),
            {"scopes": before},
        )
        await connection.run_sync(to, "head")
        assert await connection.scalar(text("SELECT scopes FROM auth.api_keys")) == after


def test_a_libpq_url_reaches_the_driver_without_the_parameters_of_tls() -> None:
    url = driver_url(Secret("postgresql://ada:p%40ss%2Fword@db.example:5433/tonegate?sslmode=require&x=y"))
    assert url == make_url("postgresql+asyncpg://ada:p%40ss%2Fword@db.example:5433/tonegate?x=y")
    assert url.password == "p@ss/word"
