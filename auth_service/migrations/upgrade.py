"""Brings the tables up to date and makes the first signing key: one transaction, one replica at a time."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.database.engine import one_connection
from auth_service.models import SCHEMA
from auth_service.repository import Repository
from auth_service.tokens.signing_key import generate
from shared.logs import get_logger
from shared.settings import Secret

MIGRATIONS = Path(__file__).parent

# Any number will do, as long as every replica takes the same and nobody else in this database does.
ADVISORY_LOCK = 0x746F_6E65_6761_7465  # "tonegate"

LONGEST_STEP_S = 300.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 5.0


async def migrate(url: Secret, now: Callable[[], datetime]) -> None:
    """Does all of it or, when anything fails, nothing. Others that start meanwhile wait and find it done."""
    async with one_connection(url, command_s=LONGEST_STEP_S) as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        await connection.run_sync(_upgrade)
        async with AsyncSession(connection) as session:
            repository = Repository(session)
            if not await repository.signing_keys.is_there_one():
                await repository.signing_keys.add(generate(), now())


async def migrate_when_possible(url: Secret, now: Callable[[], datetime]) -> None:
    """Tries until it succeeds: PostgreSQL may start after this service, or need an operator first."""
    pause = FIRST_PAUSE_S
    while True:
        try:
            return await migrate(url, now)
        except (SQLAlchemyError, OSError, TimeoutError) as failed:
            reason = str(getattr(failed, "orig", failed)).splitlines()[:1]
            get_logger(__name__).warning("cannot migrate yet", reason=reason, again_in_s=pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_S)


def alembic_config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    # Not CREATE … IF NOT EXISTS: that needs the right to create even where an operator has made the schema.
    exists = connection.scalar(text("SELECT 1 FROM pg_namespace WHERE nspname = :name"), {"name": SCHEMA})
    if not exists:
        connection.execute(text(f'CREATE SCHEMA "{SCHEMA}"'))
    command.upgrade(alembic_config(connection), "head")
