"""Restores auth_service's tables: the schema at the backup's revision, its rows, and newer migrations."""

from collections.abc import AsyncIterator
from pathlib import Path

from alembic import command
from alembic.util import CommandError
from sqlalchemy import Connection, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from auth_service.database.encryption import DataCipher, Undecryptable
from auth_service.database.table import SCHEMA
from auth_service.migrations.upgrade import alembic_config
from auth_service.tokens.key_storage import key_pair
from auth_service.tokens.model import StoredKey
from backup.data_file import blocks
from backup.errors import BackupError
from backup.manifest import Manifest, Table
from backup.postgres import current_revision, driver_connection, transaction
from shared.settings import Secret

SEQUENCES = text(
    "SELECT table_name, column_name,"
    " pg_get_serial_sequence(quote_ident(table_schema) || '.' || quote_ident(table_name), column_name)"
    " FROM information_schema.columns WHERE table_schema = :schema"
)


async def is_without_accounts(url: Secret) -> bool:
    """True if the database holds no account."""
    async with transaction(url) as connection:
        if await current_revision(connection) is None:
            return True
        return await connection.scalar(text(f'SELECT 1 FROM "{SCHEMA}".users LIMIT 1')) is None  # noqa: S608, constant


async def restore_tables(
    url: Secret, cipher: DataCipher, folder: Path, found: Manifest, *, keep_sessions: bool
) -> None:
    """Restores all tables in one transaction; on failure nothing has changed.

    Ends all sessions, unless `keep_sessions`: those that were ended after the backup would be valid again.
    """
    async with transaction(url) as connection:
        await connection.execute(text(f'DROP SCHEMA IF EXISTS "{SCHEMA}" CASCADE'))
        await connection.execute(text(f'CREATE SCHEMA "{SCHEMA}"'))
        await connection.run_sync(_upgrade, cipher, found.revision)
        for table in found.tables:
            await _copy(connection, table, folder)
        await _set_sequences(connection)
        await connection.run_sync(_upgrade, cipher, "head")
        await _check_keys(connection, cipher)
        if not keep_sessions:
            ended = f'UPDATE "{SCHEMA}".sessions SET revoked_at = now() WHERE revoked_at IS NULL'  # noqa: S608, constant
            await connection.execute(text(ended))


def _upgrade(connection: Connection, cipher: DataCipher, revision: str) -> None:
    try:
        command.upgrade(alembic_config(connection, cipher), revision)
    except CommandError as error:
        raise BackupError(f"the backup is from a newer version than this one: {error}") from None


async def _copy(connection: AsyncConnection, table: Table, folder: Path) -> None:
    async def data() -> AsyncIterator[bytes]:
        for block in blocks(folder / f"{table.name}.copy"):
            yield block

    driver = await driver_connection(connection)
    await driver.copy_to_table(table.name, schema_name=SCHEMA, columns=table.columns, source=data())


async def _set_sequences(connection: AsyncConnection) -> None:
    """Sets each sequence behind the highest value of its column."""
    for table, column, sequence in (await connection.execute(SEQUENCES, {"schema": SCHEMA})).all():
        if sequence is not None:
            highest = (
                f'SELECT setval(:name, COALESCE(max("{column}"), 0) + 1, false) FROM "{SCHEMA}"."{table}"'  # noqa: S608, names from the catalogue
            )
            await connection.execute(text(highest), {"name": sequence})


async def _check_keys(connection: AsyncConnection, cipher: DataCipher) -> None:
    """Raises BackupError if the signing keys cannot be decrypted."""
    async with AsyncSession(connection) as session:
        try:
            for stored in await session.scalars(select(StoredKey)):
                key_pair(stored, cipher)
        except Undecryptable:
            raise BackupError(
                "AUTH_DATA_KEYS do not decrypt the signing keys of the backup: restore its secrets first"
            ) from None
