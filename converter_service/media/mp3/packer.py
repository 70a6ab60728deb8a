"""Lays the main data of frames down in new frames: of a constant bit rate, or each of the smallest that fits.

Space that a frame leaves is used by the next ones (the bit reservoir), as an encoder does that makes the
whole. Pure arithmetic over sizes; audio is not changed.
"""

from bisect import bisect_left
from collections.abc import Sequence
from copy import copy

import msgspec

from converter_service.media.mp3.errors import BadFrames, DoesNotFit
from converter_service.media.mp3.frame_header import (
    BIT_RATE_AT,
    LARGEST_FRAME_BYTES,
    PADDING_AT,
    StreamShape,
)
from converter_service.media.mp3.frame_reader import Frame

MOST_DATA_BYTES = LARGEST_FRAME_BYTES
"""Reservoir and frame together: what LAME allows for, and decoders have room for."""


class Slot(msgspec.Struct, frozen=True):
    """A size of frames: `room` for main data, which may begin `reach` bytes before; the frame's bytes, and
    the bits of its header.
    """

    room: int
    reach: int
    size: int
    bits: int


class ConstantRate:
    """Slots of one bit rate; padding adds up to exactly that rate (ISO 11172-3, section 2.4.2.3)."""

    def __init__(self, shape: StreamShape, kbits: int) -> None:
        """Raises BadFrames if the format has no such bit rate."""
        if kbits not in shape.kbits:
            raise BadFrames(f"no frames of {kbits} kbit/s")
        number = shape.kbits.index(kbits) + 1
        self.plain, self.padded = (_slot(shape, number, padding) for padding in (0, 1))
        self._rate_hz = shape.rate_hz
        self._fraction = shape.samples // 8 * 1000 * kbits % shape.rate_hz
        # LAME begins with a whole frame of lag, so that the first frame is not padded.
        self._lag = self._fraction

    def slot_for(self, count: int, free: int) -> Slot:
        """Returns the next frame's slot. Raises DoesNotFit if `count` bytes of main data do not fit."""
        self._lag -= self._fraction
        slot = self.plain
        if self._lag < 0:
            self._lag += self._rate_hz
            slot = self.padded
        if count > slot.room + min(free, slot.reach):
            raise DoesNotFit(f"{count} bytes of main data where {slot.room} and {free} before are free")
        return slot


class VaryingRate:
    """For each frame the slot of the smallest bit rate that its main data fits into."""

    def __init__(self, shape: StreamShape) -> None:
        self._slots = [_slot(shape, number, 0) for number in range(1, len(shape.kbits) + 1)]
        self._rooms = [slot.room for slot in self._slots]

    def slot_for(self, count: int, free: int) -> Slot:
        """Returns the next frame's slot. Raises DoesNotFit if `count` bytes of main data fit into none."""
        for slot in self._slots[bisect_left(self._rooms, count - free) :]:
            if count <= slot.room + min(free, slot.reach):
                return slot
        raise DoesNotFit(f"{count} bytes of main data")


Rate = ConstantRate | VaryingRate


class Packed(msgspec.Struct, frozen=True):
    """Whole frames, and the size of each."""

    data: bytes = b""
    sizes: tuple[int, ...] = ()


class Packer:
    """Packs frames in order; a frame is given out once no later one can use its space."""

    def __init__(self, shape: StreamShape, rate: Rate) -> None:
        self._shape, self._rate = shape, rate
        # Main data from the first frame on that is not complete, and the heads and slots of such frames.
        self._data = b""
        self._pending: list[tuple[bytes, Slot]] = []
        # Bytes before the next frame that its main data can use, up to the limit of its slot.
        self._free = 0

    def fits(self, frames: Sequence[Frame]) -> bool:
        """Whether `frames` can be packed next."""
        free, slot_for = self._free, copy(self._rate).slot_for
        try:
            for frame in frames:
                count = len(frame.data)
                slot = slot_for(count, free)
                free = min(free, slot.reach) + slot.room - count
        except DoesNotFit:
            return False
        return True

    def pack(self, frames: Sequence[Frame]) -> Packed:
        """Raises DoesNotFit; the packer is of no use then."""
        shape, free, slot_for = self._shape, self._free, self._rate.slot_for
        side_bits, head_bytes = 8 * shape.side_bytes, shape.head_bytes
        reach_at = side_bits - shape.reach_bits
        laid = [self._data]
        for frame in frames:
            count = len(frame.data)
            slot = slot_for(count, free)
            if free > slot.reach:
                laid.append(bytes(free - slot.reach))
                free = slot.reach
            laid.append(frame.data)
            head = frame.head | slot.bits << side_bits | free << reach_at
            self._pending.append((head.to_bytes(head_bytes, "big"), slot))
            free += slot.room - count
        self._free, self._data = free, b"".join(laid)
        return self._complete()

    def finish(self) -> Packed:
        """Fills the space up that no frame has used, and returns what is left."""
        self._data += bytes(self._free)
        self._free = 0
        return self._complete()

    def _complete(self) -> Packed:
        data, at, done = self._data, 0, 0
        out: list[bytes] = []
        for head, slot in self._pending:
            end = at + slot.room
            if end > len(data):
                break
            out += (head, data[at:end])
            at, done = end, done + 1
        sizes = tuple(slot.size for _, slot in self._pending[:done])
        self._data, self._pending = data[at:], self._pending[done:]
        return Packed(b"".join(out), sizes)


def _slot(shape: StreamShape, number: int, padding: int) -> Slot:
    size = shape.frame_bytes(shape.kbits[number - 1]) + padding
    reach = max(0, min(shape.most_reach, MOST_DATA_BYTES - size))
    return Slot(size - shape.head_bytes, reach, size, number << BIT_RATE_AT | padding << PADDING_AT)
