"""What runs beside the requests: migrating first, then publishing events and forgetting old sessions."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from auth_service.database import Database
from auth_service.migrating import migrate_when_possible
from auth_service.sessions import FORGET_AT_ONCE, Sessions
from shared.errors import Unavailable
from shared.logs import get_logger
from shared.messaging.outbox import OutboxRelay
from shared.settings import Secret

FORGET_EVERY_S = 3600.0
FORGET_PAUSE_S = 1.0


@asynccontextmanager
async def background(
    url: Secret, database: Database, relay: OutboxRelay, sessions: Sessions, now: Callable[[], datetime]
) -> AsyncIterator[None]:
    """Runs until the block ends. A fault in the program itself ends the block, and so the process."""
    try:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(_open_and_run(url, database, relay, sessions, now))
            try:
                yield
            finally:
                running.cancel()
    finally:
        await database.close()


async def _open_and_run(
    url: Secret,
    database: Database,
    relay: OutboxRelay,
    sessions: Sessions,
    now: Callable[[], datetime],
) -> None:
    await migrate_when_possible(url, now)
    database.open()
    async with asyncio.TaskGroup() as opened:
        opened.create_task(relay.run())
        opened.create_task(forget_expired_sessions(sessions))


async def forget_expired_sessions(sessions: Sessions) -> None:
    """A few at a time, for ever; what fails is done at the next round."""
    while True:
        pause = FORGET_EVERY_S
        try:
            if await sessions.forget_expired() >= FORGET_AT_ONCE:
                pause = FORGET_PAUSE_S
        except Unavailable:
            get_logger(__name__).warning("could not forget expired sessions", again_in_s=pause)
        await asyncio.sleep(pause)
