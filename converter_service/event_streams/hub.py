"""Who watches which conversion, and what there is to see: one look at it serves all who watch it here.

News comes over the broker. Where it may have been missed the store is asked: once when watching begins, each
time listening to the broker begins, and now and then while there is no news.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

import msgspec
from msgspec import Struct

from converter_service.conversions.model import FINAL, Conversion, State
from converter_service.conversions.ports import ConversionStore
from converter_service.conversions.schemas import shown
from shared.errors import Overloaded, Unavailable
from shared.messaging.errors import NotReady

MOST_LISTENERS = 4_096


class Rounds(Struct, frozen=True):
    """Every `every_s` it is seen after which conversions nothing was heard of for `quiet_s`, or for
    `without_broker_s` while no news can arrive: those are looked up.
    """

    every_s: float = 1.0
    quiet_s: float = 30.0
    without_broker_s: float = 3.0


ROUNDS = Rounds()


class Snapshot(Struct, frozen=True):
    """A conversion as clients see it; `body` is its JSON. Of two the one of the higher revision is newer."""

    revision: int
    status: State
    body: bytes

    @property
    def is_final(self) -> bool:
        return self.status in FINAL


def snapshot_of(conversion: Conversion) -> Snapshot:
    return Snapshot(conversion.revision, conversion.status, msgspec.json.encode(shown(conversion)))


class Watched:
    """One conversion that somebody here watches."""

    def __init__(self) -> None:
        self.newest: Snapshot | None = None
        self.is_gone = False
        self.heard_at = asyncio.get_running_loop().time()
        self.listeners: set[Listener] = set()


class Listener:
    """Keeps nothing but the newest: whoever is slow skips what lies between, and never the end."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._is_over = False
        self.woken = asyncio.Event()

    def close(self) -> None:
        """Whoever waits in `next` gets None."""
        self._is_over = True
        self.woken.set()

    async def next(self, seen: int) -> Snapshot | None:
        """What is newer than the revision `seen`; None when nothing more will come."""
        while not (self._is_over or self._watched.is_gone):
            newest = self._watched.newest
            if newest is not None and newest.revision > seen:
                return newest
            self.woken.clear()
            await self.woken.wait()
        return None


class Hub:
    def __init__(self, store: ConversionStore, rounds: Rounds = ROUNDS) -> None:
        self._store = store
        self._rounds = rounds
        self._watched: dict[str, Watched] = {}
        self._listeners = 0
        self._is_closed = False

    @contextmanager
    def watching(self, conversion_id: str) -> Iterator[Listener]:
        """Raises Overloaded when too many watch already. What changed before is seen after a `look`."""
        if self._listeners >= MOST_LISTENERS:
            raise Overloaded("Too many event streams are open right now.")
        watched = self._watched.setdefault(conversion_id, Watched())
        listener = Listener(watched)
        watched.listeners.add(listener)
        self._listeners += 1
        if self._is_closed:
            listener.close()
        try:
            yield listener
        finally:
            self._listeners -= 1
            watched.listeners.discard(listener)
            if not watched.listeners and self._watched.get(conversion_id) is watched:
                del self._watched[conversion_id]

    async def look(self, conversion_id: str) -> None:
        """Asks the store. Raises Unavailable."""
        watched = self._watched.get(conversion_id)
        if watched is None:
            return
        found = await self._store.get(conversion_id)
        if found is None or found.deleted_at:
            watched.is_gone = True
            _wake(watched)
        else:
            self.offer(conversion_id, snapshot_of(found))

    async def look_unless_over(self, conversion_id: str) -> None:
        """After news that does not say what there is to see. Raises Unavailable."""
        watched = self._watched.get(conversion_id)
        if watched is not None and not (watched.newest and watched.newest.is_final):
            await self.look(conversion_id)

    def offer(self, conversion_id: str, snapshot: Snapshot) -> None:
        """News, perhaps late, perhaps known already."""
        watched = self._watched.get(conversion_id)
        if watched is None:
            return
        watched.heard_at = asyncio.get_running_loop().time()
        if watched.newest is None or snapshot.revision > watched.newest.revision:
            watched.newest = snapshot
            _wake(watched)

    async def look_at_all(self) -> None:
        """Listening has just begun: what was said before was missed. Raises Unavailable."""
        for conversion_id in list(self._watched):
            await self.look(conversion_id)

    async def run(self, listening: Callable[[], Awaitable[None]]) -> None:
        """Until cancelled: asks the store about those that nothing has been heard of. `listening` raises
        NotReady while no news can arrive.
        """
        while True:
            await asyncio.sleep(self._rounds.every_s)
            quiet_s = self._rounds.quiet_s
            try:
                await listening()
            except NotReady:
                quiet_s = self._rounds.without_broker_s
            with suppress(Unavailable):
                await self._look_at_quiet(quiet_s)

    async def _look_at_quiet(self, quiet_s: float) -> None:
        before = asyncio.get_running_loop().time() - quiet_s
        for conversion_id, watched in list(self._watched.items()):
            if watched.heard_at <= before:
                await self.look(conversion_id)

    def close(self) -> None:
        """The process is about to stop: every stream ends, so that its client asks another."""
        self._is_closed = True
        for watched in self._watched.values():
            for listener in watched.listeners:
                listener.close()


def _wake(watched: Watched) -> None:
    for listener in watched.listeners:
        listener.woken.set()
