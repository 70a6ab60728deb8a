"""Waits of PyMongo's asynchronous client that survive a cancellation."""

import asyncio
import sys
from collections.abc import Awaitable
from typing import TypeVar

from pymongo import lock

T = TypeVar("T")


def repair_waits() -> None:
    """Lets PyMongo's calls wait for a server or a connection in their own task, on Python 3.11.

    `asyncio.wait_for` of Python 3.11 waits in a task of its own. When a call is cancelled while that task
    takes the client's lock back, the call goes on without it: it releases the lock that another call holds,
    and the task then takes a lock that nothing ever releases. From then on the client waits for ever.
    """
    if sys.version_info < (3, 12):
        vars(lock)["wait_for"] = _wait_for


async def _wait_for(awaited: Awaitable[T], timeout: float | None) -> T:
    """Raises TimeoutError after `timeout` seconds."""
    async with asyncio.timeout(timeout):
        return await awaited
