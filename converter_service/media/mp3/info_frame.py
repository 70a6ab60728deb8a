"""The first frame of an MP3, which describes the others: `Xing`, or `Info` where the bit rate is constant.

Behind it LAME's extension says how many samples the encoder put before and behind the sound, so that players
give exactly the source's samples. Source: LAME's `VbrTag.c` and the description of its tag, revision 1.
"""

from array import array
from bisect import bisect_left
from itertools import accumulate

from converter_service.media.mp3.crc16 import crc16
from converter_service.media.mp3.errors import BadFrames
from converter_service.media.mp3.frame_header import (
    BIT_RATE_AND_PADDING,
    BIT_RATE_AT,
    HEADER_BYTES,
    UNPROTECTED,
    StreamShape,
)
from converter_service.media.mp3.packer import Packed

TAG_BYTES = 156
# The fields that are present: frames, bytes, table of contents and quality.
ALL_FIELDS, TOC_ENTRIES = 0b1111, 100
# The program that wrote the frames; players honour the lengths behind "LAME", "Lavf" and "Lavc" only.
WRITER = b"Lavc".ljust(9)
# Revision 0 of the tag; the method is a constant rate, or LAME's newer one for a varying rate.
CONSTANT, VARYING = 1, 4
ENCODER_DELAY = 576
"""Samples that LAME puts before the sound, without the decoder's own delay."""
DECODER_DELAY = 529
MOST_PADDING = (1 << 12) - 1


class StreamTotals:
    """What the first frame says about those behind it. `kbits` is their constant bit rate, None if it
    varies.
    """

    def __init__(self, shape: StreamShape, kbits: int | None) -> None:
        self._shape, self._kbits = shape, kbits
        self._crc = 0
        self._sizes = array("H")
        self._number, self.frame_bytes = _carrier(shape, kbits)

    @property
    def size(self) -> int:
        """The size of all frames, with the first one."""
        return self.frame_bytes + sum(self._sizes)

    def add(self, packed: Packed) -> None:
        self._crc = crc16(packed.data, self._crc)
        self._sizes.extend(packed.sizes)

    def frame(self, samples: int) -> bytes:
        """Returns the first frame for a sound of `samples`. Raises BadFrames if the frames do not hold it."""
        head = self._shape.bits & ~BIT_RATE_AND_PADDING | UNPROTECTED | self._number << BIT_RATE_AT
        padding = len(self._sizes) * self._shape.samples - ENCODER_DELAY - samples
        if not DECODER_DELAY <= padding <= MOST_PADDING:
            raise BadFrames(f"{len(self._sizes)} frames for {samples} samples")
        fields = (
            b"Xing" if self._kbits is None else b"Info",
            ALL_FIELDS.to_bytes(4, "big"),
            len(self._sizes).to_bytes(4, "big"),
            self.size.to_bytes(4, "big"),
            self._contents(),
            bytes(4),
            WRITER,
            bytes([VARYING if self._kbits is None else CONSTANT]),
            # Low-pass frequency, peak, gains and flags are not declared.
            bytes(10),
            bytes([min(255, self._kbits or 0)]),
            (ENCODER_DELAY << 12 | padding).to_bytes(3, "big"),
            bytes(4),
            self.size.to_bytes(4, "big"),
            self._crc.to_bytes(2, "big"),
        )
        start = head.to_bytes(HEADER_BYTES, "big") + bytes(self._shape.side_bytes) + b"".join(fields)
        return (start + crc16(start).to_bytes(2, "big")).ljust(self.frame_bytes, b"\0")

    def _contents(self) -> bytes:
        """The table of contents: for each hundredth of the time its place, in 256ths of the bytes."""
        count, total = len(self._sizes), self.size
        places = list(accumulate(self._sizes, initial=self.frame_bytes))
        return bytes(
            min(255, 256 * places[count * each // TOC_ENTRIES] // total) for each in range(TOC_ENTRIES)
        )


def _carrier(shape: StreamShape, kbits: int | None) -> tuple[int, int]:
    """Returns the number of the bit rate that the first frame has, and its size: that of the others if it
    holds the tag, otherwise the smallest that does.
    """
    sizes = [shape.frame_bytes(each) for each in shape.kbits]
    least = bisect_left(sizes, shape.head_bytes + TAG_BYTES)
    own = 0 if kbits is None else shape.kbits.index(kbits)
    number = max(least, own)
    return number + 1, sizes[number]
