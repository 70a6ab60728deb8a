"""The hub of event streams in this process: feeds subscriptions from broker events and from the store.

One read of the store serves all subscriptions to a conversion. The store is read where events may have been
missed: when a subscription begins, when the broker connects, and after a time without events.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

from msgspec import Struct

from converter_service.conversions.ports import ConversionStore
from converter_service.conversions.public_paths import PublicPaths
from converter_service.event_streams.snapshot import Snapshot, snapshot_of
from converter_service.event_streams.subscription import Subscription, WatchedConversion
from shared.errors import Overloaded, Unavailable
from shared.messaging.errors import NotReady

MAX_SUBSCRIPTIONS = 4_096


class RefreshIntervals(Struct, frozen=True):
    """Every `every_s` the hub reads from the store all conversions without an event for `quiet_s`, or for
    `without_broker_s` while the broker is away.
    """

    every_s: float = 1.0
    quiet_s: float = 30.0
    without_broker_s: float = 3.0


REFRESH_INTERVALS = RefreshIntervals()


class Hub:
    """Passes snapshots of conversions to the subscriptions of this process."""

    def __init__(
        self,
        store: ConversionStore,
        paths: PublicPaths,
        intervals: RefreshIntervals = REFRESH_INTERVALS,
    ) -> None:
        self._store = store
        self._paths = paths
        self._intervals = intervals
        self._watched: dict[str, WatchedConversion] = {}
        self._subscriptions = 0
        self._is_closed = False

    @contextmanager
    def subscribe(self, conversion_id: str) -> Iterator[Subscription]:
        """Raises Overloaded at MAX_SUBSCRIPTIONS. Earlier changes are delivered after a `refresh`."""
        if self._subscriptions >= MAX_SUBSCRIPTIONS:
            raise Overloaded("Too many event streams are open right now.")
        watched = self._watched.setdefault(conversion_id, WatchedConversion())
        subscription = Subscription(watched)
        watched.subscriptions.add(subscription)
        self._subscriptions += 1
        if self._is_closed:
            subscription.close()
        try:
            yield subscription
        finally:
            self._subscriptions -= 1
            watched.subscriptions.discard(subscription)
            if not watched.subscriptions and self._watched.get(conversion_id) is watched:
                del self._watched[conversion_id]

    async def refresh(self, conversion_id: str) -> None:
        """Reads the conversion from the store, if it has subscriptions. Raises Unavailable."""
        watched = self._watched.get(conversion_id)
        if watched is None:
            return
        found = await self._store.get(conversion_id)
        if found is None or found.deleted_at:
            watched.close()
        else:
            self.publish(conversion_id, snapshot_of(found, self._paths))

    async def refresh_unless_final(self, conversion_id: str) -> None:
        """`refresh`, for events that do not contain the conversion. Raises Unavailable."""
        watched = self._watched.get(conversion_id)
        if watched is not None and not (watched.newest and watched.newest.is_final):
            await self.refresh(conversion_id)

    def publish(self, conversion_id: str, snapshot: Snapshot) -> None:
        """Delivers `snapshot` if it is newer than the last one."""
        watched = self._watched.get(conversion_id)
        if watched is None:
            return
        watched.updated_at = asyncio.get_running_loop().time()
        if watched.newest is None or snapshot.revision > watched.newest.revision:
            watched.newest = snapshot
            for subscription in watched.subscriptions:
                subscription.changed.set()

    async def refresh_all(self) -> None:
        """For the start of a broker connection: earlier events were missed. Raises Unavailable."""
        for conversion_id in list(self._watched):
            await self.refresh(conversion_id)

    async def run(self, broker_check: Callable[[], Awaitable[None]]) -> None:
        """Until cancelled, refreshes conversions without recent events. `broker_check` raises NotReady while
        the broker is away.
        """
        while True:
            await asyncio.sleep(self._intervals.every_s)
            quiet_s = self._intervals.quiet_s
            try:
                await broker_check()
            except NotReady:
                quiet_s = self._intervals.without_broker_s
            with suppress(Unavailable):
                await self._refresh_quiet(quiet_s)

    async def _refresh_quiet(self, quiet_s: float) -> None:
        before = asyncio.get_running_loop().time() - quiet_s
        for conversion_id, watched in list(self._watched.items()):
            if watched.updated_at <= before:
                await self.refresh(conversion_id)

    def close(self) -> None:
        """Ends all streams before the process stops; their clients reconnect to another one."""
        self._is_closed = True
        for watched in self._watched.values():
            watched.close()
