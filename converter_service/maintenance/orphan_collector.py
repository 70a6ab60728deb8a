"""Bytes that no conversion knows of, found and removed in small steps while the system works.

Whatever is written stands in its conversion's record before its first byte. So what is stored and stands in
no record was left by a removal that was cut short, and nobody will ever ask for it.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from converter_service.conversions.cleanup import no_metrics
from converter_service.conversions.ports import Blobs, Checkpoint, ConversionStore
from converter_service.ids import born
from shared.clock import Clock
from shared.errors import Unavailable
from shared.logs import get_logger

AT_ONCE = 100
STEP_EVERY = timedelta(seconds=10)
ROUND_EVERY = timedelta(hours=1)
# Nothing that young is removed, as a belt beside the braces.
OLD_ENOUGH = timedelta(days=1)

log = get_logger(__name__)


class OrphanCollector:
    """Goes through all blobs in the order of their ids, together with all other workers' janitors.

    One of them takes the next step; two at the same place do no harm. Ids that were not made here are left
    alone.
    """

    def __init__(
        self,
        store: ConversionStore,
        blobs: Blobs,
        checkpoint: Checkpoint,
        clock: Clock,
        count: Callable[[str], None] = no_metrics,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._checkpoint = checkpoint
        self._clock = clock
        self._count = count

    async def run(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(STEP_EVERY.total_seconds() * random.uniform(0.5, 1.5))  # noqa: S311, jitter
            try:
                await self.step()
            except Unavailable:
                log.warning("no orphans looked for: the store is away")
            except Exception:  # a janitor that ended would let orphans pile up
                log.exception("looking for orphans broke")

    async def step(self) -> int:
        """How many orphans were removed; none when it is not time for a step. Raises Unavailable."""
        now = self._clock()
        place = await self._checkpoint.claim(now, now + STEP_EVERY)
        if place is None:
            return 0
        found = await self._blobs.ids(place, AT_ONCE)
        orphans = await self._orphans(found, now)
        for blob_id in orphans:
            await self._blobs.delete(blob_id)
            self._count("orphan")
            log.warning("orphaned bytes removed", blob_id=blob_id)
        if len(found) < AT_ONCE:
            await self._checkpoint.advance("", now + ROUND_EVERY)
        else:
            await self._checkpoint.advance(found[-1], now + STEP_EVERY)
        return len(orphans)

    async def _orphans(self, blob_ids: Sequence[str], now: datetime) -> Sequence[str]:
        """Asked for twice: blobs may change hands just while the records are looked through."""
        unknown = [blob_id for blob_id in blob_ids if (born(blob_id) or now) <= now - OLD_ENOUGH]
        for _ in range(2):
            referenced = await self._store.referenced(unknown) if unknown else frozenset()
            unknown = [blob_id for blob_id in unknown if blob_id not in referenced]
        return unknown
