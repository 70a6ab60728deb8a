"""Takeover of what another process has claimed and not settled: not before its record can arrive."""

import asyncio
from datetime import timedelta
from typing import Protocol

from shared.messaging.errors import NotReady
from shared.messaging.ports import Consumer

# How long an answer of the broker counts.
CHECK_S = 1.0


class Takeover(Protocol):
    """Whether this process may send what another process may have sent."""

    async def allowed(self) -> bool:
        """Returns False while a record of the other process may be in the broker and has not arrived."""


class TakeoverByRecords:
    """Allows a takeover after records have been consumed for the time `wait` without an interruption.

    The broker is asked as well, since a connection that is cut off remains open for some heartbeats.
    """

    def __init__(self, records: Consumer, wait: timedelta) -> None:
        self._records, self._wait = records, wait
        self._checked_until = 0.0

    async def allowed(self) -> bool:
        if self._records.consumed_for() < self._wait:
            return False
        now = asyncio.get_running_loop().time()
        if now < self._checked_until:
            return True
        try:
            await self._records.check()
        except NotReady:
            return False
        self._checked_until = now + CHECK_S
        return True
