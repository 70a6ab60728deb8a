"""Progress of a conversion from ffmpeg's `-progress` output, and detection of a stalled ffmpeg."""

import asyncio
import time
from collections.abc import AsyncIterator

from converter_service.media.transcoder import Progress

REPORT_PERIOD_S = 0.5
STEP = 0.001
# The highest share that is reported before the result is verified; 1.0 means that it is stored.
ALMOST = 0.99


class Stalled(Exception):
    """ffmpeg runs but produces no output."""


class ProgressReports:
    """Follows the passes of one conversion. `made_s` is the time, in seconds, that the last pass reached.

    The next pass covers the shares `begin` to `end` of the whole; with both 0 nothing is reported.
    """

    def __init__(self, expected_s: float | None, on_progress: Progress) -> None:
        self._expected_s = expected_s
        self._on_progress = on_progress
        self._reported = 0.0
        self._reported_at = 0.0
        self.made_s = 0.0
        self.begin, self.end = 0.0, 1.0

    async def follow(self, lines: AsyncIterator[bytes], stall_s: float, skipped_s: float = 0.0) -> None:
        """Reads one pass's output to its end. Raises Stalled after `stall_s` seconds without progress.

        Skipped audio is decoded too, without output; `skipped_s` allows for that at playing speed.
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
            await self._report()

    async def reach(self, made_s: float) -> None:
        """Records and reports progress of a pass whose output is not ffmpeg's report."""
        self.made_s = made_s
        await self._report()

    def _advances(self, line: bytes) -> bool:
        """Whether an `out_time_us` line shows progress; its value is `N/A` until there is output."""
        name, _, value = line.partition(b"=")
        if name != b"out_time_us":
            return False
        made_s = int(value) / 1e6 if value.strip().isdigit() else 0.0
        advanced = made_s > self.made_s
        self.made_s = max(self.made_s, made_s)
        return advanced

    async def _report(self) -> None:
        if not self._expected_s:
            return
        share = min(1.0, self.made_s / self._expected_s)
        done = min(ALMOST, self.begin + (self.end - self.begin) * share)
        if done >= self._reported + STEP and time.monotonic() >= self._reported_at + REPORT_PERIOD_S:
            self._reported, self._reported_at = done, time.monotonic()
            await self._on_progress(done)
