"""As many encoders as there are free processors, for the blocks of one sound."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Any

from converter_service.media.ffmpeg.encoder_budget import EncoderBudget
from converter_service.media.ffmpeg.encoder_line import EncoderLine, PendingBlock
from converter_service.media.ffmpeg.progress import Stalled
from converter_service.media.mp3.pcm_blocks import PcmBlock

# Blocks that may be encoded while an earlier one is not: more only wait in memory.
AHEAD_PER_LINE = 2


class EncoderPool:
    """`start` begins another encoder. Only as many blocks are held as there are encoders, and one more."""

    def __init__(
        self, start: Callable[[], Awaitable[EncoderLine]], budget: EncoderBudget, stall: timedelta
    ) -> None:
        self._start, self._budget = start, budget
        self._stall_s = stall.total_seconds()
        self._lines: list[EncoderLine] = []
        self._pending: deque[tuple[PendingBlock, EncoderLine]] = deque()

    async def encode(self, block: PcmBlock) -> PendingBlock:
        """Waits for a free encoder. Raises Stalled if none takes its block within the time limit."""
        line = await self._free_line()
        encoded = line.encode(block)
        self._pending.append((encoded, line))
        return encoded

    async def close(self) -> None:
        """Lets all encoders end, once they have taken their blocks."""
        for line in self._lines:
            while not line.is_idle:
                await self._one_of([line.feeding])
            line.close()
        self._lines.clear()

    async def _free_line(self) -> EncoderLine:
        while True:
            self._close_surplus()
            while self._pending and self._pending[0][0].done():
                self._pending.popleft()
            if len(self._pending) > AHEAD_PER_LINE * (len(self._lines) + 1):
                encoded, oldest = self._pending[0]
                # More input makes an encoder give out what it holds back.
                usable = [] if oldest.is_closed else [oldest]
                await_also: list[asyncio.Future[Any]] = [encoded]
            else:
                usable, await_also = self._lines, []
            if idle := next((line for line in usable if line.is_idle), None):
                return idle
            if not await_also and len(self._lines) < self._budget.share:
                self._lines.append(await self._start())
                return self._lines[-1]
            await self._one_of([*await_also, *(line.feeding for line in usable)])

    def _close_surplus(self) -> None:
        """Ends encoders that are more than the share, which may have become smaller."""
        while len(self._lines) > self._budget.share and self._lines[-1].is_idle:
            self._lines.pop().close()

    async def _one_of(self, awaited: Iterable[asyncio.Future[Any] | None]) -> None:
        done, _ = await asyncio.wait(
            [each for each in awaited if each is not None],
            timeout=self._stall_s,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if not done:
            raise Stalled
