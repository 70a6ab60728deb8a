"""Restarts what dies after a fault was repaired, as a supervisor would."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

EVERY_S = 0.5


class Revivable(Protocol):
    """A system whose dead parts `revive` starts again."""

    def revive(self) -> None: ...

    def is_whole(self) -> bool: ...


@asynccontextmanager
async def supervised(system: Revivable) -> AsyncIterator[None]:
    """Repairs the system, and again whenever one of its parts is dead, for the duration of the block.

    A server may end long after its fault: a mongod that met a full disk prints its stack for seconds first.
    """
    await asyncio.to_thread(system.revive)
    watching = asyncio.create_task(_watch(system))
    try:
        yield
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


async def _watch(system: Revivable) -> None:
    while True:
        await asyncio.sleep(EVERY_S)
        if not await asyncio.to_thread(system.is_whole):
            await asyncio.to_thread(system.revive)
