"""Whether another video may come in: not when too many wait, nor more of one account than it may have."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol, TypeAlias
from weakref import WeakValueDictionary

from msgspec import Struct

from converter_service.conversions.model import Conversion
from converter_service.conversions.ports import ConversionStore, Queue, Usage
from converter_service.conversions.transitions.upload import with_reserved_bytes
from converter_service.conversions.update import change
from shared.errors import Overloaded, RateLimited, TooLarge

# An upload whose length nobody announced is granted so much at a time.
STEP_BYTES = 16 * 1024 * 1024
QUEUE_MOVES_AFTER_S = 30

Meter: TypeAlias = Callable[[int], Awaitable[None]]


class QuotaLimits(Struct, frozen=True):
    """Conversions of everybody that wait; bytes and conversions under way of one account. 0 is no bound."""

    max_queued: int = 0
    account_bytes: int = 0
    account_conversions: int = 0


class Quota(Protocol):
    """What an upload asks on its way in. All calls raise Unavailable."""

    async def check_upload(self, owner_id: str, announced_size: int | None) -> None:
        """Before a byte is read. Raises Overloaded, RateLimited, TooLarge."""

    async def check_retry(self, owner_id: str) -> None:
        """Before another try of what is stored already. Raises Overloaded, RateLimited."""

    def account_lock(self, owner_id: str) -> asyncio.Lock:
        """Uploads of one account are let in one after the other."""

    async def check_stored(self, conversion: Conversion) -> None:
        """With its record stored, it is counted itself. Raises RateLimited, TooLarge."""

    def meter(self, conversion: Conversion) -> Meter:
        """To be awaited with the number of bytes received so far. Raises TooLarge beyond the quota."""


class EnforcedQuota:
    """What an account holds is never written down: it is summed up from the records of its conversions, in
    which an upload says how much it may bring before it brings it. So nothing can get out of step.

    Whoever wants more writes that down first and looks afterwards: of two that look at the same moment both
    may be refused, but never both let in. Within one process they take turns.
    """

    def __init__(self, store: ConversionStore, queue: Queue, limits: QuotaLimits) -> None:
        self._store = store
        self._queue = queue
        self._limits = limits
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def check_upload(self, owner_id: str, announced_size: int | None) -> None:
        await self._check_queue()
        if self._counts:
            self._check(await self._queue.usage(owner_id), conversions=1, size=announced_size or 1)

    async def check_retry(self, owner_id: str) -> None:
        await self._check_queue()
        if self._limits.account_conversions:
            self._check_conversions(await self._queue.usage(owner_id), 1)

    async def _check_queue(self) -> None:
        most = self._limits.max_queued
        if most and await self._queue.length(most) >= most:
            raise Overloaded(
                "Too many videos wait to be converted; try again later.", retry_after_s=QUEUE_MOVES_AFTER_S
            )

    def account_lock(self, owner_id: str) -> asyncio.Lock:
        return self._locks.setdefault(owner_id, asyncio.Lock())

    async def check_stored(self, conversion: Conversion) -> None:
        if self._counts:
            self._check(await self._queue.usage(conversion.owner_id))

    def meter(self, conversion: Conversion) -> Meter:
        reserved = conversion.reserved_bytes

        async def reserve(received: int) -> None:
            nonlocal reserved
            if self._limits.account_bytes and received > reserved:
                async with self.account_lock(conversion.owner_id):
                    reserved = await self._reserve(conversion, received, reserved)

        return reserve

    async def _reserve(self, conversion: Conversion, received: int, reserved: int) -> int:
        """At least for what has been received, if there is room for it."""
        others = (await self._queue.usage(conversion.owner_id)).bytes - reserved
        left = self._limits.account_bytes - others
        for wanted in (max(received, min(received + STEP_BYTES, left)), received):
            await change(self._store, conversion.id, partial(with_reserved_bytes, size=wanted))
            usage = await self._queue.usage(conversion.owner_id)
            if usage.bytes <= self._limits.account_bytes:
                return wanted
        raise self._full(usage.bytes - received)

    @property
    def _counts(self) -> bool:
        return bool(self._limits.account_bytes or self._limits.account_conversions)

    def _check(self, usage: Usage, *, conversions: int = 0, size: int = 0) -> None:
        """With so many conversions and bytes more."""
        self._check_conversions(usage, conversions)
        if self._limits.account_bytes and usage.bytes + size > self._limits.account_bytes:
            raise self._full(usage.bytes)

    def _check_conversions(self, usage: Usage, conversions: int) -> None:
        most = self._limits.account_conversions
        if most and usage.conversions + conversions > most:
            raise RateLimited(
                f"An account may have {most} conversions waiting or running; try again when one has ended.",
                retry_after_s=QUEUE_MOVES_AFTER_S,
            )

    def _full(self, used: int) -> TooLarge:
        return TooLarge(
            f"The video does not fit: of the {self._limits.account_bytes} bytes that an account may have"
            f" stored, {used} are in use."
        )


class NoQuota:
    """Everybody is let in."""

    async def check_upload(self, *_: object) -> None:
        return

    async def check_retry(self, *_: object) -> None:
        return

    def account_lock(self, *_: object) -> asyncio.Lock:
        return asyncio.Lock()

    async def check_stored(self, *_: object) -> None:
        return

    def meter(self, _: Conversion) -> Meter:
        return self.check_stored
