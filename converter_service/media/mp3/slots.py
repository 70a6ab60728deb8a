"""The frames that main data is laid down in: of a constant bit rate, or each of the smallest that will do."""

from bisect import bisect_left
from collections.abc import Sequence

import msgspec

from converter_service.media.mp3.errors import BadFrames, DoesNotFit
from converter_service.media.mp3.frame_header import BIT_RATE_AT, PADDING_AT, StreamShape

MOST_GRANULE_BYTES = 7680 // 8
"""Of a frame and the reservoir before it, for each granule: what LAME allows, and decoders have room for."""


class Slot(msgspec.Struct, frozen=True):
    """A size of frames: `room` for main data, which may begin `reach` bytes before; the frame's bytes, and
    the bits of its header.
    """

    room: int
    reach: int
    size: int
    bits: int

    def left(self, count: int, free: int) -> int:
        """The bytes that `count` bytes of main data leave, where `free` are left before; below 0 if they do
        not fit.
        """
        return min(free, self.reach) + self.room - count


class ConstantRate:
    """Slots of one bit rate; padding adds up to exactly that rate (ISO 11172-3, section 2.4.2.3)."""

    def __init__(self, shape: StreamShape, kbits: int) -> None:
        """Raises BadFrames if the format has no such bit rate."""
        if kbits not in shape.kbits:
            raise BadFrames(f"no frames of {kbits} kbit/s")
        number = shape.kbits.index(kbits) + 1
        self._plain, self._padded = (_slot(shape, number, padding) for padding in (0, 1))
        self._rate_hz = shape.rate_hz
        self._fraction = shape.samples // 8 * 1000 * kbits % shape.rate_hz
        # LAME begins with a whole frame of lag, so that the first frame is not padded.
        self._lag = self._fraction

    def take(self, counts: Sequence[int], free: int, number: int) -> list[Slot]:
        """Returns the slots of the first `number` of frames with `counts` bytes of main data. Raises
        DoesNotFit if one does not fit.
        """
        slots = []
        for count in counts[:number]:
            slots.append(self._next())
            free = slots[-1].left(count, free)
            if free < 0:
                raise DoesNotFit(f"{count} bytes of main data")
        return slots

    def _next(self) -> Slot:
        self._lag -= self._fraction
        if self._lag >= 0:
            return self._plain
        self._lag += self._rate_hz
        return self._padded


class VaryingRate:
    """For each frame the slot of the smallest bit rate into which its main data fits, and that of the frames
    behind it as well: a slot is larger where these need more than the largest one has.
    """

    def __init__(self, shape: StreamShape) -> None:
        self._slots = [_slot(shape, number, 0) for number in range(1, len(shape.kbits) + 1)]
        self._rooms = [slot.room for slot in self._slots]

    def take(self, counts: Sequence[int], free: int, number: int) -> list[Slot]:
        """As that of ConstantRate; the slots leave enough for the other frames."""
        needed = self._needed(counts)
        if needed[0] > free:
            raise DoesNotFit(f"{needed[0]} bytes are needed where {free} are left")
        slots = []
        for count, least in zip(counts[:number], needed[1:], strict=False):
            slots.append(self._smallest(count, free, least))
            free = slots[-1].left(count, free)
        return slots

    def _needed(self, counts: Sequence[int]) -> list[int]:
        """The bytes that must be left before each frame, and behind the last one. Raises DoesNotFit."""
        largest = self._slots[-1]
        needed = [0]
        for count in reversed(counts):
            needed.append(max(0, count - largest.room + needed[-1]))
            if needed[-1] > largest.reach:
                raise DoesNotFit(f"{count} bytes of main data")
        return needed[::-1]

    def _smallest(self, count: int, free: int, least: int) -> Slot:
        for slot in self._slots[bisect_left(self._rooms, count + least - free) :]:
            if slot.left(count, free) >= least:
                return slot
        raise DoesNotFit(f"{count} bytes of main data")


Rate = ConstantRate | VaryingRate


def _slot(shape: StreamShape, number: int, padding: int) -> Slot:
    size = shape.frame_bytes(shape.kbits[number - 1]) + padding
    reach = max(0, min(shape.most_reach, shape.granules * MOST_GRANULE_BYTES - size))
    return Slot(size - shape.head_bytes, reach, size, number << BIT_RATE_AT | padding << PADDING_AT)
