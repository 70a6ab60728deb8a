"""The rows behind a running account service, for what no call of its own can bring about yet."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from auth_service.database.engine import Database
from auth_service.repository import Repository, Store
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
async def rows(url: str) -> AsyncIterator[Repository]:
    """One transaction."""
    async with opened(url) as database, Store(database).transaction() as repository:
        yield repository
