"""Stored events → broker: nothing stored stays unpublished.

A service writes each event into its own store in the same transaction as the change it announces. The relay
takes such events from there, publishes them and clears those that the broker confirmed. It publishes at least
once.
"""

import asyncio
import random
from collections.abc import Sequence
from typing import Protocol

import msgspec

from shared.errors import Unavailable
from shared.logs import bind_correlation, get_logger
from shared.messaging.envelope import Envelope
from shared.messaging.ports import Publisher, PublishFailed
from shared.tasks import asked_to_end

log = get_logger(__name__)


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A stored event. `place` is whatever the store needs, beside the envelope's id, to find it again."""

    envelope: Envelope
    place: str = ""


class Held(msgspec.Struct, frozen=True):
    """An event of ours until its lease is nearly over, in the loop's time."""

    pending: Pending
    until: float


class OutboxStore(Protocol):
    """Events that are stored and not yet published."""

    async def claim(self, limit: int, lease_s: float) -> Sequence[Pending]:
        """Up to `limit` events, oldest first, that nobody else holds; they are the caller's for `lease_s`
        seconds.

        Two callers at the same time never get the same event. A lease that lapsed can be claimed again.
        """

    async def clear(self, pending: Sequence[Pending]) -> None:
        """Forget these events for ever; those already gone are no error."""


class OutboxRelay:
    """Several may run on one store. `wake` after storing an event spares it the wait for the next poll.

    What the broker did not confirm is tried again together with what is new, so that an event which can never
    be published holds up no other. At most a batch is kept so; the rest, and what was tried for as long as
    its lease lasts, comes back when that has lapsed.
    """

    def __init__(
        self,
        store: OutboxStore,
        publisher: Publisher,
        *,
        batch: int = 100,
        lease_s: float = 20,
        poll_s: float = 5,
        max_pause_s: float = 5,
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._batch = batch
        self._lease_s = lease_s
        self._poll_s = poll_s
        self._max_pause_s = max_pause_s
        self._failures = 0
        self._held: list[Held] = []
        self._woken = asyncio.Event()

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled. Faults of the store or the broker are logged and tried again with back-off.

        A driver that was cancelled just as its answer came may swallow the cancellation: so it is also looked
        for, where the next wait would be.
        """
        while not asked_to_end():
            self._woken.clear()
            try:
                found = await self._round()
            except Unavailable as away:
                log.warning("outbox round failed", reason=str(away))
                await self._back_off()
                continue
            except Exception:  # a relay that ended would strand every later event
                log.exception("outbox round failed")
                await self._back_off()
                continue
            if not found and not asked_to_end():
                await self._idle()

    async def _round(self) -> int:
        async with asyncio.timeout(self._lease_s):
            claimed = await self._store.claim(self._batch, self._lease_s)
        now = asyncio.get_running_loop().time()
        # Short of the lease, so that what a slow broker confirms is cleared before anyone else may claim it.
        until = now + self._lease_s * 0.75
        batch = [held for held in self._held if held.until > now] + [Held(each, until) for each in claimed]
        self._held = []  # if the store is away now, all of it comes back by itself
        failed = await self._publish(batch)
        self._held = failed[: self._batch]
        if failed:
            await self._back_off()
        return len(batch)

    async def _publish(self, batch: Sequence[Held]) -> list[Held]:
        """Publish all at once, in order, and clear the confirmed ones. Returns those that failed."""
        results = await asyncio.gather(*(self._publish_one(each.pending) for each in batch))
        done = [each.pending for each, confirmed in zip(batch, results, strict=True) if confirmed]
        if done:
            self._failures = 0
            async with asyncio.timeout(self._lease_s):
                await self._store.clear(done)
        return [each for each, confirmed in zip(batch, results, strict=True) if not confirmed]

    async def _publish_one(self, pending: Pending) -> bool:
        envelope = pending.envelope
        with bind_correlation(envelope.correlationid or "", envelope.subject):
            try:
                await self._publisher.publish(envelope)
            except PublishFailed as error:
                log.warning("publish failed", type=envelope.type, event_id=envelope.id, reason=str(error))
                return False
            except Exception:  # one bad entry must not hold up the others
                log.exception("publish failed", type=envelope.type, event_id=envelope.id)
                return False
            log.info("published", type=envelope.type, event_id=envelope.id)
            return True

    async def _back_off(self) -> None:
        self._failures = min(self._failures + 1, 16)
        longest = min(self._max_pause_s, 0.1 * 2**self._failures)
        await asyncio.sleep(random.uniform(longest / 2, longest))  # noqa: S311, jitter

    async def _idle(self) -> None:
        try:
            async with asyncio.timeout(self._poll_s):
                await self._woken.wait()
        except TimeoutError:
            return
