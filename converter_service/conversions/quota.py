"""Admission limits: the length of the queue; an account's bytes, active conversions, processor time."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeAlias
from weakref import WeakValueDictionary

from msgspec import Struct

from converter_service.conversions.model import Conversion
from converter_service.conversions.ports import ConversionStore, Queue, Usage
from converter_service.conversions.processor_quota import ProcessorQuota
from converter_service.conversions.transitions.upload import with_reserved_bytes
from converter_service.conversions.update import change
from shared.errors import Overloaded, RateLimited, TooLarge

# Uploads of unknown length reserve this many bytes at a time.
RESERVATION_STEP_BYTES = 16 * 1024 * 1024
RETRY_AFTER_S = 30

Meter: TypeAlias = Callable[[int], Awaitable[None]]


class QuotaLimits(Struct, frozen=True):
    """Queued conversions in total; stored bytes and active conversions of one account. 0 is unlimited."""

    max_queued: int = 0
    account_bytes: int = 0
    account_conversions: int = 0


class Quota:
    """Computes the usage of an account from the records of its conversions; there is no separate counter.

    All calls raise Unavailable.

    An upload saves its reservation first and checks the sum afterwards. Of concurrent uploads in different
    processes both may be rejected, but the limit is never exceeded.
    """

    def __init__(
        self,
        store: ConversionStore,
        queue: Queue,
        limits: QuotaLimits,
        processor_quota: ProcessorQuota | None = None,
    ) -> None:
        """`processor_quota` is checked with each upload and retry."""
        self._processor_quota = processor_quota
        self._store = store
        self._queue = queue
        self._limits = limits
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def check_upload(self, owner_id: str, announced_size: int | None) -> None:
        """Checks an upload before its body is read. Raises Overloaded, RateLimited, TooLarge."""
        await self._check_queue()
        await self._check_processor_time(owner_id)
        if self._counts:
            self._check(await self._queue.usage(owner_id), conversions=1, size=announced_size or 1)

    async def check_retry(self, owner_id: str) -> None:
        """Checks a retry, which stores nothing new. Raises Overloaded, RateLimited."""
        await self._check_queue()
        await self._check_processor_time(owner_id)
        if self._limits.account_conversions:
            self._check_conversions(await self._queue.usage(owner_id), 1)

    async def _check_processor_time(self, owner_id: str) -> None:
        if self._processor_quota is not None:
            await self._processor_quota.check(owner_id)

    async def _check_queue(self) -> None:
        most = self._limits.max_queued
        if most and await self._queue.length(most) >= most:
            raise Overloaded("Too many conversions are queued; try again later.", retry_after_s=RETRY_AFTER_S)

    def account_lock(self, owner_id: str) -> asyncio.Lock:
        """A lock under which the uploads of an account are admitted one at a time, in this process."""
        return self._locks.setdefault(owner_id, asyncio.Lock())

    async def check_stored(self, conversion: Conversion) -> None:
        """Checks again after the record is saved, which counts itself then. Raises RateLimited, TooLarge."""
        if self._counts:
            self._check(await self._queue.usage(conversion.owner_id))

    def meter(self, conversion: Conversion) -> Meter:
        """A callback for the number of bytes received so far. It raises TooLarge beyond the quota."""
        reserved = conversion.reserved_bytes

        async def reserve(received: int) -> None:
            nonlocal reserved
            if self._limits.account_bytes and received > reserved:
                async with self.account_lock(conversion.owner_id):
                    reserved = await self._reserve(conversion, received, reserved)

        return reserve

    async def reserve(self, conversion: Conversion, size: int) -> None:
        """Reserves `size` bytes for an upload; raises TooLarge, and then its reservation is as before."""
        try:
            await self.meter(conversion)(size)
        except TooLarge:
            before = partial(with_reserved_bytes, size=conversion.reserved_bytes)
            await change(self._store, conversion.id, before)
            raise

    async def _reserve(self, conversion: Conversion, received: int, reserved: int) -> int:
        """Reserves at least the received bytes; returns the reservation. Raises TooLarge."""
        others = (await self._queue.usage(conversion.owner_id)).bytes - reserved
        left = self._limits.account_bytes - others
        for wanted in (max(received, min(received + RESERVATION_STEP_BYTES, left)), received):
            await change(self._store, conversion.id, partial(with_reserved_bytes, size=wanted))
            usage = await self._queue.usage(conversion.owner_id)
            if usage.bytes <= self._limits.account_bytes:
                return wanted
        raise self._full(usage.bytes - received)

    async def check_result(self, conversion: Conversion) -> None:
        """Checks the usage with the bytes that a saved record reserves for its audio. Raises TooLarge."""
        if self._limits.account_bytes:
            usage = await self._queue.usage(conversion.owner_id)
            if usage.bytes > self._limits.account_bytes:
                raise self._full(usage.bytes - conversion.reserved_bytes)

    @property
    def _counts(self) -> bool:
        return bool(self._limits.account_bytes or self._limits.account_conversions)

    def _check(self, usage: Usage, *, conversions: int = 0, size: int = 0) -> None:
        """Checks the usage plus `conversions` and `size` bytes."""
        self._check_conversions(usage, conversions)
        if self._limits.account_bytes and usage.bytes + size > self._limits.account_bytes:
            raise self._full(usage.bytes)

    def _check_conversions(self, usage: Usage, conversions: int) -> None:
        most = self._limits.account_conversions
        if most and usage.conversions + conversions > most:
            raise RateLimited(
                f"An account may have {most} conversions queued or running; try again when one has ended.",
                retry_after_s=RETRY_AFTER_S,
            )

    def _full(self, used: int) -> TooLarge:
        return TooLarge(
            f"The video exceeds the storage quota of {self._limits.account_bytes} bytes; {used} are in use."
        )
