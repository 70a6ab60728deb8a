"""Recording that a mail is out, however long that takes: until it is recorded, this process remembers."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from notification_service.email.ports import LedgerUnavailable, SentLedger
from shared.logs import get_logger

T = TypeVar("T")


class Recorder:
    """Leases lapse while the ledger is away, and without this the process that sent a mail would send it
    again.

    At most `most` are remembered: whoever asks `is_full` before sending keeps that bound.
    """

    def __init__(self, ledger: SentLedger, pause: timedelta, most: int) -> None:
        self._ledger = ledger
        self._pause_s = pause.total_seconds()
        self._most = most
        self._unrecorded: dict[str, str] = {}

    @property
    def is_full(self) -> bool:
        return len(self._unrecorded) >= self._most

    def knows(self, event_id: str) -> bool:
        """Its mail is out, and that is not recorded yet."""
        return event_id in self._unrecorded

    async def sent(self, event_id: str, token: str, patience: timedelta) -> None:
        """Returns once it is recorded. After `patience` LedgerUnavailable, and `run` goes on trying."""
        self._unrecorded[event_id] = token
        await self.insist(lambda: self._record(event_id, token), patience)

    async def run(self) -> None:
        """For ever: records what could not be recorded before."""
        while True:
            await asyncio.sleep(self._pause_s)
            try:
                for event_id, token in list(self._unrecorded.items()):
                    await self._record(event_id, token)
            except LedgerUnavailable:  # told by whoever could not record it
                continue

    async def insist(self, call: Callable[[], Awaitable[T]], patience: timedelta) -> T:
        """The ledger's answer, asked again while it is down, for as long as patience lasts."""
        clock = asyncio.get_running_loop()
        until = clock.time() + patience.total_seconds()
        while True:
            try:
                return await call()
            except LedgerUnavailable as down:
                if clock.time() >= until:
                    raise
                get_logger(__name__).warning("the ledger is down, asking again", reason=str(down))
            await asyncio.sleep(self._pause_s)

    async def _record(self, event_id: str, token: str) -> None:
        await self._ledger.sent(event_id, token)
        self._unrecorded.pop(event_id, None)
