"""Deletes orphaned blobs: blobs that no conversion refers to, left by interrupted deletions.

A blob's id is saved in its conversion before its first byte: an unreferenced blob is never in use.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from converter_service.conversions.blobs import Blobs
from converter_service.conversions.identifiers import creation_time
from converter_service.conversions.ports import ConversionStore
from converter_service.maintenance.ports import Checkpoint
from shared.clock import Clock
from shared.errors import Unavailable
from shared.logs import get_logger

BATCH = 100
STEP_EVERY = timedelta(seconds=10)
SCAN_EVERY = timedelta(hours=1)
# Younger blobs are never deleted: a second safeguard.
MIN_AGE = timedelta(days=1)

log = get_logger(__name__)


@dataclass(frozen=True)
class OrphanCollector:
    """Scans all blobs in the order of their ids, sharing one checkpoint with the collectors of all workers.

    Two collectors at the same position do no harm. Blobs whose ids `new_id` did not create are left alone.
    """

    store: ConversionStore
    blobs: Blobs
    checkpoint: Checkpoint
    clock: Clock
    count: Callable[[str], None] = lambda _: None

    async def run(self) -> None:
        """Runs a step about every STEP_EVERY until cancelled."""
        while True:
            await asyncio.sleep(STEP_EVERY.total_seconds() * random.uniform(0.5, 1.5))  # noqa: S311, jitter
            try:
                await self.step()
            except Unavailable:
                log.warning("orphan collection skipped: store unavailable")
            except Exception:  # the collector must keep running
                log.exception("orphan collection failed")

    async def step(self) -> int:
        """Checks one batch if it is due; returns the number of deleted orphans. Raises Unavailable."""
        now = self.clock()
        place = await self.checkpoint.claim(now, now + STEP_EVERY)
        if place is None:
            return 0
        found = await self.blobs.ids(place, BATCH)
        orphans = await self._orphans(found, now)
        for blob_id in orphans:
            await self.blobs.delete(blob_id)
            self.count("orphan")
            log.warning("orphaned blob deleted", blob_id=blob_id)
        if len(found) < BATCH:
            await self.checkpoint.advance("", now + SCAN_EVERY)
        else:
            await self.checkpoint.advance(found[-1], now + STEP_EVERY)
        return len(orphans)

    async def _orphans(self, blob_ids: Sequence[str], now: datetime) -> Sequence[str]:
        """Queries references twice: a segment may move from one conversion to another during the query."""
        unreferenced = [blob_id for blob_id in blob_ids if (creation_time(blob_id) or now) <= now - MIN_AGE]
        for _ in range(2):
            referenced = await self.store.referenced_blobs(unreferenced) if unreferenced else frozenset()
            unreferenced = [blob_id for blob_id in unreferenced if blob_id not in referenced]
        return unreferenced
