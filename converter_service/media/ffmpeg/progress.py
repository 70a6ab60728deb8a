"""ffmpeg's `-progress` reports: how far it is, told on seldom, and noticed when it stands still."""

import asyncio
import time
from collections.abc import AsyncIterator

from converter_service.media.transcoder import Progress

TOLD_EVERY_S = 0.5
STEP = 0.001
# What is done before the result has been verified; 1.0 is for whoever has stored it.
ALMOST = 0.99


class Stalled(Exception):
    """It is alive and does nothing."""


class Reports:
    """Follows one run after another. `made_s` is the time, in seconds, that the last run's result reached.

    The next runs go from `begin` to `end` of the whole; nothing is told of those that go nowhere.
    """

    def __init__(self, expected_s: float | None, on_progress: Progress) -> None:
        self._expected_s = expected_s
        self._on_progress = on_progress
        self._told = 0.0
        self._told_at = 0.0
        self.made_s = 0.0
        self.begin, self.end = 0.0, 1.0

    async def follow(self, lines: AsyncIterator[bytes], stall_s: float, skipped_s: float = 0.0) -> None:
        """One run, until its last line. Raises Stalled after `stall_s` seconds in which nothing was made.

        What is skipped is decoded too, and nothing comes out meanwhile: that takes at most as long as playing
        it would.
        """
        self.made_s = 0.0
        deadline = time.monotonic() + stall_s + skipped_s
        while True:
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    line = await anext(lines, None)
            except TimeoutError:
                raise Stalled from None
            if line is None:
                return
            if self._advances(line):
                deadline = time.monotonic() + stall_s
            elif time.monotonic() > deadline:
                raise Stalled
            await self._tell()

    def _advances(self, line: bytes) -> bool:
        """`out_time_us` is `N/A` until something came out."""
        name, _, value = line.partition(b"=")
        if name != b"out_time_us":
            return False
        made_s = int(value) / 1e6 if value.strip().isdigit() else 0.0
        advanced = made_s > self.made_s
        self.made_s = max(self.made_s, made_s)
        return advanced

    async def _tell(self) -> None:
        if not self._expected_s:
            return
        share = min(1.0, self.made_s / self._expected_s)
        done = min(ALMOST, self.begin + (self.end - self.begin) * share)
        if done >= self._told + STEP and time.monotonic() >= self._told_at + TOLD_EVERY_S:
            self._told, self._told_at = done, time.monotonic()
            await self._on_progress(done)
