"""Database upgrade: Alembic migrations and the first signing key, in one transaction, by one replica at a
time.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.database.connection import one_connection
from auth_service.database.encryption import DataCipher
from auth_service.database.table import SCHEMA
from auth_service.tokens.key_storage import stored_key
from auth_service.tokens.repository import SigningKeyRepository
from shared.identity.key_pair import generate
from shared.logs import get_logger
from shared.settings import Secret

MIGRATIONS = Path(__file__).parent

# An arbitrary number, the same in every replica and not used for another lock in this database.
ADVISORY_LOCK = 0x746F_6E65_6761_7465  # "tonegate"

MAX_STATEMENT_S = 300.0
FIRST_PAUSE_S, MAX_PAUSE_S = 0.25, 5.0


async def migrate(url: Secret, cipher: DataCipher, now: Callable[[], datetime]) -> None:
    """Migrates to the newest revision, or changes nothing on failure. Concurrent callers wait their turn."""
    async with one_connection(url, command_s=MAX_STATEMENT_S) as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        await connection.run_sync(_upgrade, cipher)
        async with AsyncSession(connection) as session:
            keys = SigningKeyRepository(session)
            if not await keys.has_active_key():
                await keys.insert(stored_key(generate(), cipher, now()))


async def migrate_with_retries(url: Secret, cipher: DataCipher, now: Callable[[], datetime]) -> None:
    """Repeats `migrate` with back-off until it succeeds: PostgreSQL may start after this service."""
    pause = FIRST_PAUSE_S
    while True:
        try:
            return await migrate(url, cipher, now)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            reason = str(getattr(error, "orig", error)).splitlines()[:1]
            get_logger(__name__).warning("migration failed", reason=reason, retry_in_s=pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, MAX_PAUSE_S)


def alembic_config(connection: Connection, cipher: DataCipher) -> Config:
    """`cipher` encrypts what a migration seals."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["cipher"] = cipher
    return config


def _upgrade(connection: Connection, cipher: DataCipher) -> None:
    # Not CREATE … IF NOT EXISTS: that needs the right to create even where an operator has made the schema.
    exists = connection.scalar(text("SELECT 1 FROM pg_namespace WHERE nspname = :name"), {"name": SCHEMA})
    if not exists:
        connection.execute(text(f'CREATE SCHEMA "{SCHEMA}"'))
    command.upgrade(alembic_config(connection, cipher), "head")
