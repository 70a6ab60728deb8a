"""The overview for administrators: how long the queue is, and how the last day went."""

from dataclasses import dataclass

from converter_service.conversions.model import State
from converter_service.conversions.ports import ConversionNumbers
from converter_service.dead_letters.service import DeadLetterService
from shared.clock import Clock
from shared.contracts.overview import Overview

HOURS = 24


@dataclass(frozen=True)
class Overviews:
    numbers: ConversionNumbers
    dead_letters: DeadLetterService
    clock: Clock

    async def now(self) -> Overview:
        """Raises Unavailable."""
        return Overview(
            queued=await self.numbers.count(State.QUEUED),
            converting=await self.numbers.count(State.CONVERTING),
            dead_letters=await self.dead_letters.waiting(),
            oldest_queued_at=await self.numbers.oldest_queued_at(),
            hours=tuple(await self.numbers.hours(self.clock(), HOURS)),
        )
