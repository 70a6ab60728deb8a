"""Slots of concurrent requests, shared between client addresses and accounts."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from datetime import timedelta

import msgspec

from shared.errors import Overloaded, RateLimited


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """Maximal numbers of running requests, of those of one address and of one client (an account, or an
    address without one), and of requests that wait for `timeout`.
    """

    running: int
    per_address: int
    per_client: int
    waiting: int
    timeout: timedelta


class Full(Overloaded):
    """The request was refused before it had any effect, and can be repeated."""

    def __init__(self) -> None:
        super().__init__("Too many requests are running right now; try again in a moment.")


class TooManyOfClient(RateLimited):
    """The client or its address has its share of the running requests; others may have room."""

    def __init__(self) -> None:
        super().__init__("You have too many requests running at once; wait for one of them to end.")


class Slot:
    """The slot of one request, counted for its address, and for its client once that is known."""

    def __init__(self, pool: "SlotPool", address: str) -> None:
        self._pool = pool
        self.address = address
        self.client: str | None = None
        self.is_released = False

    def assign(self, client: str) -> None:
        """Called once. Raises TooManyOfClient."""
        self._pool.assign(self, client)

    def release(self) -> None:
        """Frees the slot; calls after the first one have no effect."""
        if not self.is_released:
            self.is_released = True
            self._pool.free(self)


class SlotPool:
    """The slots of one kind of request, given in the order of arrival to those whose address has room."""

    def __init__(self, limit: Limit, refused: Callable[[str], None]) -> None:
        """`refused` counts refusals by reason."""
        self._limit, self._refused = limit, refused
        self._running = 0
        self._by_address: Counter[str] = Counter()
        self._by_client: Counter[str] = Counter()
        self._waiting: deque[tuple[str, asyncio.Future[None]]] = deque()

    @property
    def in_use(self) -> int:
        return self._running

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    async def acquire(self, address: str) -> Slot:
        """Raises Full, or TooManyOfClient if the address has its share, when no slot becomes free in time; at
        once when too many requests wait already.
        """
        if self.has_room(address):
            self._take(address)
        else:
            await self._wait(address)
        return Slot(self, address)

    def assign(self, slot: Slot, client: str) -> None:
        """Counts a slot for `client`. Raises TooManyOfClient, and then does not count it."""
        if self._by_client[client] >= self._limit.per_client:
            self._refused("client")
            raise TooManyOfClient
        self._by_client[client] += 1
        slot.client = client

    def free(self, slot: Slot) -> None:
        self._running -= 1
        decrement(self._by_address, slot.address)
        if slot.client is not None:
            decrement(self._by_client, slot.client)
        self._hand_on()

    def has_room(self, address: str) -> bool:
        return self._running < self._limit.running and not self.has_share(address)

    def has_share(self, address: str) -> bool:
        """True when the address has its share of the slots."""
        return self._by_address[address] >= self._limit.per_address

    def refusal(self, address: str) -> Full | TooManyOfClient:
        """The counted error for a request of this address."""
        self._refused("address" if self.has_share(address) else "full")
        return TooManyOfClient() if self.has_share(address) else Full()

    def _take(self, address: str) -> None:
        self._running += 1
        self._by_address[address] += 1

    async def _wait(self, address: str) -> None:
        """Waiting requests are limited per address too, so that one address cannot fill the queue."""
        of_address = sum(waiter == address for waiter, _ in self._waiting)
        if len(self._waiting) >= self._limit.waiting or of_address >= self._limit.per_address:
            raise self.refusal(address)
        place = (address, asyncio.get_running_loop().create_future())
        self._waiting.append(place)
        try:
            async with asyncio.timeout(self._limit.timeout.total_seconds()):
                await place[1]
        except TimeoutError:
            self._withdraw(place)
            raise self.refusal(address) from None
        except BaseException:
            self._withdraw(place)
            raise

    def _withdraw(self, place: "tuple[str, asyncio.Future[None]]") -> None:
        """Leaves the queue, or gives back a slot that was handed on just now."""
        if place in self._waiting:
            self._waiting.remove(place)
        elif place[1].done() and not place[1].cancelled():
            self.free(Slot(self, place[0]))

    def _hand_on(self) -> None:
        for place in list(self._waiting):
            address, given = place
            if given.done() or not self.has_room(address):
                continue
            self._waiting.remove(place)
            self._take(address)
            given.set_result(None)


def decrement(counts: Counter[str], key: str) -> None:
    counts[key] -= 1
    if not counts[key]:
        del counts[key]
