"""Finishing what others left: dead runs, dead uploads, half-done deletions, audio whose time is over.

Any number may sweep at once: each change is saved against the value that was looked at.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable
from datetime import datetime, timedelta

from converter_service.conversions.cleanup import Cleanup, no_metrics
from converter_service.conversions.events import EventFactory
from converter_service.conversions.model import Conversion, LeaseLost, State, lease_holder
from converter_service.conversions.ports import Blobs, ConversionStore, VersionConflict
from converter_service.conversions.state_machine import IllegalTransition
from converter_service.conversions.transitions.queue import (
    lease_expired,
    reannounced,
)
from converter_service.conversions.transitions.removal import deleted, expired, postponed
from converter_service.conversions.update import change
from shared.clock import Clock
from shared.errors import Unavailable
from shared.logs import bind_correlation, get_logger

AT_ONCE = 50
# What could not be settled.
AGAIN_AFTER = timedelta(minutes=1)

log = get_logger(__name__)


class Sweeper:
    """One round handles a bounded number of conversions whose `due_at` has come."""

    def __init__(
        self,
        store: ConversionStore,
        blobs: Blobs,
        events: EventFactory,
        every: timedelta,
        clock: Clock,
        *,
        count: Callable[[str], None] = no_metrics,
    ) -> None:
        self._store = store
        self._events = events
        self._every_s = every.total_seconds()
        self._clock = clock
        self._count = count
        self._cleanup = Cleanup(store, blobs)

    async def run(self) -> None:
        """For ever; what fails is due again at the next round."""
        while True:
            settled = 0
            try:
                settled = await self.sweep()
            except Unavailable:
                log.warning("nothing swept: the store is away")
            except Exception:  # a sweeper that ended would strand what the dead left
                log.exception("sweep broke")
            if not settled:
                await asyncio.sleep(self._every_s * random.uniform(0.5, 1.5))  # noqa: S311, jitter

    async def sweep(self) -> int:
        """Returns how many of those that were due it could settle. Raises Unavailable."""
        settled = 0
        for conversion in await self._store.due(self._clock(), AT_ONCE):
            with bind_correlation(conversion.correlation_id, conversion.id):
                if await self._is_settled(conversion):
                    settled += 1
                else:
                    await self._postpone(conversion)
        return settled

    async def _is_settled(self, conversion: Conversion) -> bool:
        try:
            await self._settle(conversion, self._clock())
        except (VersionConflict, IllegalTransition, LeaseLost):
            log.debug("somebody was faster", conversion_id=conversion.id)
        except Unavailable as away:
            log.warning("not settled", conversion_id=conversion.id, reason=str(away))
        except Exception:  # one that cannot be settled must not hold up the others
            log.exception("not settled", conversion_id=conversion.id)
        else:
            return True
        return False

    async def _postpone(self, conversion: Conversion) -> None:
        """Those behind it come first next time. Not when somebody has changed it: then it is theirs."""
        with contextlib.suppress(VersionConflict):
            await self._store.save(postponed(conversion, self._clock() + AGAIN_AFTER))

    async def _settle(self, conversion: Conversion, now: datetime) -> None:
        if conversion.deleted_at:
            await self._cleanup.purge(conversion)
            self._count("deletion")
            log.info("deletion finished", conversion_id=conversion.id)
            return
        match conversion.status:
            case State.UPLOADING if conversion.upload and conversion.upload.joined_into:
                await self._cleanup.purge_part(conversion, conversion.upload)
            case State.UPLOADING:
                gone = await self._store.save(deleted(conversion, now))
                await self._cleanup.purge(gone)
                self._count("dead_upload")
                log.warning("dead upload removed", conversion_id=conversion.id)
            case State.QUEUED:
                again = reannounced(conversion, now)
                await self._store.save(again, *self._events.uploaded(again))
                log.warning("waiting for long, announced again", conversion_id=conversion.id)
            case State.CONVERTING:
                waiting = lease_expired(conversion, now)
                await self._store.save(waiting, *self._events.uploaded(waiting))
                log.warning(
                    "dead run, queued again",
                    conversion_id=conversion.id,
                    run=conversion.attempts,
                    was_with=lease_holder(conversion),
                )
            case State.COMPLETED | State.FAILED | State.CANCELLED:
                await self._settle_finished(conversion, now)
            case State.EXPIRED:
                await self._cleanup.delete_bytes(conversion)

    async def _settle_finished(self, conversion: Conversion, now: datetime) -> None:
        await self._cleanup.delete_temporary_blobs(conversion)
        if conversion.expires_at and conversion.expires_at <= now:
            over = await change(self._store, conversion.id, lambda newest: expired(newest, now))
            await self._cleanup.delete_bytes(over)
            self._count("expired")
            log.info("expired", conversion_id=conversion.id)
