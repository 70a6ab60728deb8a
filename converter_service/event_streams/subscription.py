"""A conversion with subscriptions in this process, and one subscription to it."""

import asyncio

from converter_service.event_streams.snapshot import Snapshot


class WatchedConversion:
    """A conversion that has subscriptions in this process."""

    def __init__(self) -> None:
        self.newest: Snapshot | None = None
        self.updated_at = asyncio.get_running_loop().time()
        self.subscriptions: set[Subscription] = set()

    def close(self) -> None:
        """Ends its subscriptions."""
        for subscription in self.subscriptions:
            subscription.close()


class Subscription:
    """Gives the newest snapshot only: a slow client skips earlier ones, but never the final one."""

    def __init__(self, watched: WatchedConversion) -> None:
        self._watched = watched
        self._is_over = False
        self.changed = asyncio.Event()

    def close(self) -> None:
        """Ends the subscription: `next` returns None."""
        self._is_over = True
        self.changed.set()

    async def next(self, seen: int) -> Snapshot | None:
        """Waits for a snapshot newer than the revision `seen`; None when the subscription has ended."""
        while not self._is_over:
            newest = self._watched.newest
            if newest is not None and newest.revision > seen:
                return newest
            self.changed.clear()
            await self.changed.wait()
        return None
