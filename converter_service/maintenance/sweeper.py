"""The sweeper: recovers from dead runs and uploads, finishes deletions and applies retention.

Any number of sweepers can run at once: each change is saved only over the version that was read.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from converter_service.conversions.cleanup import Cleanup
from converter_service.conversions.events import EventFactory
from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import Conversion, State
from converter_service.conversions.ports import ConversionStore, VersionConflict
from converter_service.conversions.state_machine import IllegalTransition
from converter_service.conversions.transitions.queue import lease_expired, reannounced
from converter_service.conversions.transitions.removal import deleted, postponed
from converter_service.maintenance.retention import apply_retention
from shared.clock import Clock
from shared.errors import Unavailable
from shared.logs import bind_correlation, get_logger

BATCH = 50
# When a conversion is due again that could not be processed.
RETRY_AFTER = timedelta(minutes=1)

log = get_logger(__name__)


@dataclass(frozen=True)
class Sweeper:
    """Processes conversions whose `due_at` has passed, a bounded batch at a time."""

    store: ConversionStore
    cleanup: Cleanup
    events: EventFactory
    every: timedelta
    clock: Clock
    count: Callable[[str], None] = lambda _: None

    async def run(self) -> None:
        """Sweeps about every `every`, at once while there is more to do, until cancelled."""
        while True:
            processed = 0
            try:
                processed = await self.sweep()
            except Unavailable:
                log.warning("sweep skipped: store unavailable")
            except Exception:  # the sweeper must keep running
                log.exception("sweep failed")
            if not processed:
                await asyncio.sleep(self.every.total_seconds() * random.uniform(0.5, 1.5))  # noqa: S311, jitter

    async def sweep(self) -> int:
        """Processes one batch; returns the number of successes. Raises Unavailable."""
        processed = 0
        for conversion in await self.store.due(self.clock(), BATCH):
            with bind_correlation(conversion.correlation_id, conversion.id):
                if await self._succeeds(conversion):
                    processed += 1
                else:
                    await self._postpone(conversion)
        return processed

    async def _succeeds(self, conversion: Conversion) -> bool:
        try:
            await self._process(conversion, self.clock())
        except (VersionConflict, IllegalTransition, LeaseLost):
            log.debug("conversion changed while it was swept", conversion_id=conversion.id)
        except Unavailable as away:
            log.warning("conversion not swept", conversion_id=conversion.id, reason=str(away))
        except Exception:  # the other conversions of the batch must be processed
            log.exception("conversion not swept", conversion_id=conversion.id)
        else:
            return True
        return False

    async def _postpone(self, conversion: Conversion) -> None:
        """Lets later conversions go first, unless this one has changed in the meantime."""
        with contextlib.suppress(VersionConflict):
            await self.store.save(postponed(conversion, self.clock() + RETRY_AFTER))

    async def _process(self, conversion: Conversion, now: datetime) -> None:
        if conversion.deleted_at:
            await self.cleanup.purge(conversion)
            self.count("deletion")
            log.info("deletion finished", conversion_id=conversion.id)
            return
        match conversion.status:
            case State.UPLOADING if conversion.upload and conversion.upload.joined_into:
                await self.cleanup.purge_part(conversion, conversion.upload)
            case State.UPLOADING:
                await self.cleanup.purge(await self.store.save(deleted(conversion, now)))
                self.count("dead_upload")
                log.warning("dead upload removed", conversion_id=conversion.id)
            case State.QUEUED:
                await self._announce(reannounced(conversion, now))
                log.warning("conversion queued for long, announced again", conversion_id=conversion.id)
            case State.CONVERTING:
                await self._announce(lease_expired(conversion, now))
                about = {"run": conversion.attempts, "was_with": conversion.worker}
                log.warning("dead run, queued again", conversion_id=conversion.id, **about)
            case State.COMPLETED | State.FAILED | State.CANCELLED:
                await apply_retention(self.store, self.cleanup, self.count, conversion, now)
            case State.EXPIRED:
                await self.cleanup.delete_bytes(conversion)

    async def _announce(self, queued: Conversion) -> None:
        await self.store.save(queued, *self.events.uploaded(queued))
