"""Direct access to the tables of a running auth_service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from auth_service.database.engine import Database, Transaction
from shared.settings import Secret


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = Database(Secret(url))
    database.open()
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def transaction(url: str) -> AsyncIterator[Transaction]:
    """A single transaction, committed at the end of the block."""
    async with opened(url) as database, database.transaction() as session:
        yield session
