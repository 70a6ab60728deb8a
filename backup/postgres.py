"""auth_service's tables: dumped in one snapshot, in PostgreSQL's text format of COPY."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from auth_service.database.connection import one_connection
from auth_service.database.table import SCHEMA
from backup.data_file import FileWriter
from backup.errors import BackupError
from backup.manifest import DataFile, Table
from shared.settings import Secret

REVISIONS = "alembic_version"
MAX_STATEMENT_S = 3600.0
COLUMNS = text(
    "SELECT table_name, column_name FROM information_schema.columns"
    " WHERE table_schema = :schema AND table_name <> :revisions ORDER BY table_name, ordinal_position"
)
REFERENCES = text(
    "SELECT own.relname, other.relname FROM pg_constraint"
    " JOIN pg_class own ON own.oid = conrelid JOIN pg_class other ON other.oid = confrelid"
    " JOIN pg_namespace ON pg_namespace.oid = own.relnamespace WHERE contype = 'f' AND nspname = :schema"
)


@asynccontextmanager
async def transaction(url: Secret) -> AsyncIterator[AsyncConnection]:
    """One connection in one transaction. Raises BackupError in place of the driver's errors."""
    try:
        async with one_connection(url, command_s=MAX_STATEMENT_S) as connection:
            yield connection
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        # Not the text of the statement's parameters, which are data.
        reason = str(getattr(error, "orig", error)).partition("\n")[0]
        raise BackupError(f"PostgreSQL: {reason or type(error).__name__}") from None


async def dump_tables(url: Secret, folder: Path) -> tuple[str, tuple[Table, ...], dict[str, DataFile]]:
    """Writes each table to `folder/NAME.copy`; returns the schema's revision, the tables and their files."""
    async with transaction(url) as connection:
        await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        revision = await current_revision(connection)
        if revision is None:
            raise BackupError("PostgreSQL: the database has no tables of auth_service")
        tables = await _tables(connection)
        files = {table.name: await _dump(connection, table, folder) for table in tables}
    return revision, tables, files


async def current_revision(connection: AsyncConnection) -> str | None:
    """The revision of the schema; None before the first migration."""
    found = await connection.scalar(text("SELECT to_regclass(:name)"), {"name": f"{SCHEMA}.{REVISIONS}"})
    if found is None:
        return None
    revision: str | None = await connection.scalar(text(f'SELECT version_num FROM "{SCHEMA}".{REVISIONS}'))  # noqa: S608, constants
    return revision


async def driver_connection(connection: AsyncConnection) -> Any:
    """asyncpg's connection, for COPY."""
    return (await connection.get_raw_connection()).driver_connection


async def _tables(connection: AsyncConnection) -> tuple[Table, ...]:
    """A table that others refer to comes before them."""
    columns = dict[str, list[str]]()
    names = {"schema": SCHEMA, "revisions": REVISIONS}
    for table, column in await connection.execute(COLUMNS, names):
        columns.setdefault(table, []).append(column)
    order = TopologicalSorter[str](dict.fromkeys(columns, ()))
    for table, other in await connection.execute(REFERENCES, {"schema": SCHEMA}):
        if table != other:
            order.add(table, other)
    return tuple(Table(name, tuple(columns[name])) for name in order.static_order())


async def _dump(connection: AsyncConnection, table: Table, folder: Path) -> DataFile:
    driver = await driver_connection(connection)
    with FileWriter(folder / f"{table.name}.copy") as file:

        async def write(data: bytes) -> None:
            file.write(data)

        done = await driver.copy_from_table(
            table.name, schema_name=SCHEMA, columns=table.columns, output=write
        )
    return DataFile(file.size, file.written.sha256, int(done.rpartition(" ")[2]))
