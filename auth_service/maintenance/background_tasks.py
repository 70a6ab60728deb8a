"""Background tasks: their start after the migrations, and their end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from auth_service.database.encryption import DataCipher
from auth_service.database.engine import Database
from auth_service.migrations.upgrade import migrate_with_retries
from shared.settings import Secret


@asynccontextmanager
async def background_tasks(
    url: Secret,
    cipher: DataCipher,
    database: Database,
    tasks: Sequence[Callable[[], Coroutine[object, None, None]]],
    now: Callable[[], datetime],
) -> AsyncIterator[None]:
    """Migrates, then runs the tasks until the block ends. An unexpected error in one ends the block, and so
    the process.
    """

    async def migrate_and_run() -> None:
        await migrate_with_retries(url, cipher, now)
        database.open()
        async with asyncio.TaskGroup() as running:
            for task in tasks:
                running.create_task(task())

    try:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(migrate_and_run())
            try:
                yield
            finally:
                running.cancel()
    finally:
        await database.close()
