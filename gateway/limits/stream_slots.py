"""Slots of uploads and downloads: when all are taken the slowest stream gives way.

Streams last as long as their client likes: a limit of their number alone lets a few clients hold all slots.
"""

from collections import Counter
from collections.abc import Callable, Iterable

from gateway.limits.pace import Pace, SpeedLimits
from gateway.limits.slots import Limit, Slot, SlotPool

# At most this part of all slots is reserved for either direction.
MAX_RESERVED = 4


class StreamSlot:
    """A slot with the speed of its stream."""

    def __init__(self, streams: "StreamPool", slot: Slot, pace: Pace, *, is_upload: bool) -> None:
        self._streams, self._slot = streams, slot
        self.pace, self.is_upload = pace, is_upload

    @property
    def address(self) -> str:
        return self._slot.address

    def assign(self, client: str) -> None:
        self._slot.assign(client)

    def release(self) -> None:
        self._streams.discard(self)
        self._slot.release()


class StreamPool:
    """`reserved` slots are kept for downloads, and as many for uploads, so that neither can take all."""

    def __init__(
        self, limit: Limit, reserved: int, speeds: SpeedLimits, refused: Callable[[str], None]
    ) -> None:
        """`refused` counts refusals, and streams that gave way, by reason."""
        self._slots, self._refused = SlotPool(limit, refused), refused
        self._per_direction = limit.running - min(reserved, limit.running // MAX_RESERVED)
        self._speeds = speeds
        self._open: dict[StreamSlot, None] = {}
        self._by_direction: Counter[bool] = Counter()

    @property
    def in_use(self) -> int:
        return self._slots.in_use

    async def acquire(self, address: str, *, is_upload: bool) -> StreamSlot:
        """Cuts off slow streams as far as needed. Raises Full, or TooManyOfClient if the address has its
        share, when none of those whose slot would help is slow.
        """
        while (rivals := self._rivals(address, is_upload)) is not None:
            slowest = slowest_of(rivals)
            if slowest is None:
                raise self._slots.refusal(address)
            slowest.release()
            slowest.pace.cut()
            self._refused("slow")
        slot = StreamSlot(self, await self._slots.acquire(address), Pace(self._speeds), is_upload=is_upload)
        self._open[slot] = None
        self._by_direction[is_upload] += 1
        return slot

    def discard(self, slot: StreamSlot) -> None:
        if slot in self._open:
            del self._open[slot]
            self._by_direction[slot.is_upload] -= 1

    def _rivals(self, address: str, is_upload: bool) -> list[StreamSlot] | None:
        """The streams of which one must end to make room; None when there is room."""
        if self._slots.has_share(address):
            return [slot for slot in self._open if slot.address == address]
        if self._by_direction[is_upload] >= self._per_direction:
            return [slot for slot in self._open if slot.is_upload == is_upload]
        return None if self._slots.has_room(address) else list(self._open)


def slowest_of(slots: Iterable[StreamSlot]) -> StreamSlot | None:
    """None when no stream is slow."""
    slow = [slot for slot in slots if slot.pace.is_slow]
    return min(slow, key=lambda slot: slot.pace.bytes_per_s or 0.0, default=None)
