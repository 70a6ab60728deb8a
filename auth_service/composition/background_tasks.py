"""Background tasks: migrations first, then event relay, account mails, sweeper and audit consumer."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import msgspec

from auth_service.composition.sweeper import Sweeper
from auth_service.database.engine import Database
from auth_service.mailer.service import AccountMailer
from auth_service.migrations.upgrade import migrate_with_retries
from shared.messaging.outbox import OutboxRelay
from shared.messaging.ports import Consumer
from shared.settings import Secret


class BackgroundTasks(msgspec.Struct, frozen=True):
    """Tasks that need migrated tables and run as long as the process."""

    relay: OutboxRelay
    mailer: AccountMailer
    sweeper: Sweeper
    audit_consumer: Consumer


@asynccontextmanager
async def background_tasks(
    url: Secret, database: Database, tasks: BackgroundTasks, now: Callable[[], datetime]
) -> AsyncIterator[None]:
    """Runs the tasks until the block ends. An unexpected error in one ends the block, and so the process."""
    try:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(_migrate_and_run(url, database, tasks, now))
            try:
                yield
            finally:
                running.cancel()
    finally:
        await database.close()


async def _migrate_and_run(
    url: Secret, database: Database, tasks: BackgroundTasks, now: Callable[[], datetime]
) -> None:
    await migrate_with_retries(url, now)
    database.open()
    async with asyncio.TaskGroup() as group:
        group.create_task(tasks.relay.run())
        group.create_task(tasks.mailer.run())
        group.create_task(tasks.sweeper.run())
        group.create_task(tasks.audit_consumer.run())
