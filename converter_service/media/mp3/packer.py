"""Lays the main data of frames down in new frames: of a constant bit rate, or each of the smallest that fits.

Space that a frame leaves is used by the next ones (the bit reservoir), as an encoder does that makes the
whole. Pure arithmetic over sizes; audio is not changed.
"""

from collections.abc import Sequence
from copy import copy

import msgspec

from converter_service.media.mp3.errors import DoesNotFit
from converter_service.media.mp3.frame_header import StreamShape
from converter_service.media.mp3.frame_reader import Frame
from converter_service.media.mp3.slots import Rate, Slot


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
        # Bytes before the next frame that its main data can use, up to the reach of its slot.
        self._free = 0

    def fits(self, frames: Sequence[Frame]) -> bool:
        """Whether `frames` can be packed next."""
        try:
            copy(self._rate).take([len(frame.data) for frame in frames], self._free, len(frames))
        except DoesNotFit:
            return False
        return True

    def pack(self, frames: Sequence[Frame], ahead: Sequence[Frame] = ()) -> Packed:
        """`ahead` are frames that follow later. Raises DoesNotFit; the packer is of no use then."""
        shape, free = self._shape, self._free
        counts = [len(frame.data) for frame in (*frames, *ahead)]
        slots = self._rate.take(counts, free, len(frames))
        side_bits, head_bytes = 8 * shape.side_bytes, shape.head_bytes
        reach_at = side_bits - shape.reach_bits
        laid = [self._data]
        for frame, slot in zip(frames, slots, strict=True):
            if free > slot.reach:
                laid.append(bytes(free - slot.reach))
                free = slot.reach
            laid.append(frame.data)
            head = frame.head | slot.bits << side_bits | free << reach_at
            self._pending.append((head.to_bytes(head_bytes, "big"), slot))
            free += slot.room - len(frame.data)
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
