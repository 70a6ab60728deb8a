"""What runs beside the requests: migrating first; then publishing events, writing mails, forgetting."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import msgspec

from auth_service.background.sweeper import Forgetting
from auth_service.database.engine import Database
from auth_service.mailer.service import Postman
from auth_service.migrations.upgrade import migrate_when_possible
from shared.messaging.outbox import OutboxRelay
from shared.messaging.ports import Consumer
from shared.settings import Secret


class Background(msgspec.Struct, frozen=True):
    """What needs the tables, and runs for as long as the process."""

    relay: OutboxRelay
    postman: Postman
    forgetting: Forgetting
    records: Consumer


@asynccontextmanager
async def background(
    url: Secret, database: Database, tasks: Background, now: Callable[[], datetime]
) -> AsyncIterator[None]:
    """Runs until the block ends. A fault in the program itself ends the block, and so the process."""
    try:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(_open_and_run(url, database, tasks, now))
            try:
                yield
            finally:
                running.cancel()
    finally:
        await database.close()


async def _open_and_run(
    url: Secret, database: Database, tasks: Background, now: Callable[[], datetime]
) -> None:
    await migrate_when_possible(url, now)
    database.open()
    async with asyncio.TaskGroup() as opened:
        opened.create_task(tasks.relay.run())
        opened.create_task(tasks.postman.run())
        opened.create_task(tasks.forgetting.run())
        opened.create_task(tasks.records.run())
