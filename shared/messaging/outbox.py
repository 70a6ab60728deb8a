"""Transactional outbox: publishes stored events to the broker, at least once.

A service stores each event in the same transaction as the change that it announces. The relay claims stored
events, publishes them, and clears those that the broker confirmed.
"""

import asyncio
import random
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from shared.errors import Unavailable
from shared.logs import bind_correlation, get_logger
from shared.messaging.envelope import Envelope
from shared.messaging.errors import PublishFailed
from shared.messaging.ports import Publisher
from shared.tasks import cancel_requested, finish_when_cancelled

log = get_logger(__name__)

# Events that are counted at most for the metrics.
MAX_COUNTED = 10_000
# Time after a cancellation for the confirms of a batch and its removal from the store.
FINISH_S = 10.0


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A stored event. `place` is what the store needs beside the envelope's id to find the event again."""

    envelope: Envelope
    place: str = ""


class LeasedEvent(msgspec.Struct, frozen=True):
    """A claimed event, held `until` shortly before its lease ends (event loop time)."""

    pending: Pending
    until: float


class Backlog(msgspec.Struct, frozen=True):
    """Stored events, counted up to MAX_COUNTED, and when the oldest one was stored."""

    events: int = 0
    oldest_at: datetime | None = None


class OutboxStore(Protocol):
    """Store of events that are not published yet."""

    async def claim(self, limit: int, lease_s: float) -> Sequence[Pending]:
        """Leases up to `limit` unleased events, oldest first, to the caller for `lease_s` seconds.

        Concurrent callers never get the same event. An event whose lease has lapsed can be claimed again.
        """

    async def clear(self, pending: Sequence[Pending]) -> None:
        """Removes these events. Events already removed are ignored."""

    async def backlog(self) -> Backlog:
        """Returns what is not published yet, claimed events included."""


class OutboxRelay:
    """Moves events from an OutboxStore to a Publisher. Several relays may run on one store.

    Unconfirmed events are retried together with new ones, so that an event which can never be published does
    not delay the others. At most one batch is held for retries; other events, and those whose lease lapses,
    are claimed again later.
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
        self._held: list[LeasedEvent] = []
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Makes `run` look for new events now instead of at its next poll."""
        self._woken.set()

    async def run(self) -> None:
        """Publishes until cancelled. Failures of store or broker are logged and retried with back-off.

        A cancelled relay first removes the events that it is publishing: they are not published twice.

        Also checks for a cancellation that a driver swallowed because its answer came at the same moment.
        """
        while not cancel_requested():
            self._woken.clear()
            try:
                found = await self._round()
            except Unavailable as error:
                log.warning("outbox round failed", reason=str(error))
                await self._back_off()
                continue
            except Exception:  # a relay that stops would strand every later event
                log.exception("outbox round failed")
                await self._back_off()
                continue
            if not found and not cancel_requested():
                await self._idle()

    async def _round(self) -> int:
        async with asyncio.timeout(self._lease_s):
            claimed = await self._store.claim(self._batch, self._lease_s)
        now = asyncio.get_running_loop().time()
        # Shorter than the lease: events confirmed late are cleared before another relay claims them.
        until = now + self._lease_s * 0.75
        batch = [held for held in self._held if held.until > now] + [
            LeasedEvent(each, until) for each in claimed
        ]
        self._held = []  # if the store fails now, these events are claimed again later
        failed = await finish_when_cancelled(self._publish(batch), FINISH_S)
        self._held = failed[: self._batch]
        if failed:
            await self._back_off()
        return len(batch)

    async def _publish(self, batch: Sequence[LeasedEvent]) -> list[LeasedEvent]:
        """Publishes all concurrently and clears the confirmed ones. Returns the others."""
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
            except Exception:  # one bad event must not delay the others
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
