"""Reads MP3 frames from a byte stream, and takes each frame's main data out of the bit reservoir.

Main data of a frame (scale factors and Huffman codes) begins up to 511 bytes before the frame itself, in
space that earlier frames left; what follows in a frame belongs to later ones, or is stuffing. Source: ISO
11172-3, section 2.4.3.4 and annex C.1.5.4.2; ISO 13818-3 for MPEG-2, whose limit is 255 bytes.
"""

import msgspec

from converter_service.media.mp3.errors import BadFrames
from converter_service.media.mp3.frame_header import (
    BIT_RATE_AND_PADDING,
    CRC_BYTES,
    HEADER_BYTES,
    MONO_BITS,
    SHAPE,
    UNPROTECTED,
    StreamShape,
)

LENGTH_BITS = 0xFFF


class Frame(msgspec.Struct, frozen=True, gc=False):
    """A frame without its place in a stream: `head` is header and side information as one number, with bit
    rate, padding and `main_data_begin` zero and without a CRC; `data` is its main data.
    """

    head: int
    data: bytes


class FrameReader:
    """Splits a stream that arrives in pieces. `shape` is known after the first frame's header."""

    def __init__(self) -> None:
        self.shape: StreamShape | None = None
        self._rest = b""
        # Bytes of earlier frames that main data may use, and how many of them are not used yet.
        self._past = b""
        self._unused = 0

    def feed(self, piece: bytes) -> list[Frame]:
        """Returns the frames that are complete now. Raises BadFrames."""
        data = self._rest + piece
        if len(data) < HEADER_BYTES:
            self._rest = data
            return []
        if self.shape is None:
            self.shape = StreamShape(int.from_bytes(data[:HEADER_BYTES], "big"))
        frames, at = self._split(data, self.shape)
        self._rest = data[at:]
        return frames

    def end(self) -> None:
        """Raises BadFrames if the stream ended within a frame."""
        if self._rest:
            raise BadFrames("the last frame is cut off")

    def _split(self, data: bytes, shape: StreamShape) -> tuple[list[Frame], int]:
        """Returns the whole frames of `data`, and where the first incomplete one begins."""
        sizes, side_bytes, shifts = shape.sizes, shape.side_bytes, shape.length_shifts
        side_bits, most_reach = 8 * side_bytes, shape.most_reach
        reach_at = side_bits - shape.reach_bits
        channel_bits = shape.bits & MONO_BITS if shape.is_mono else None
        frames: list[Frame] = []
        past, unused, at, length = self._past, self._unused, 0, len(data)
        while at + HEADER_BYTES <= length:
            bits = int.from_bytes(data[at : at + HEADER_BYTES], "big")
            size = sizes.get(bits & SHAPE)
            if size is None or (bits & MONO_BITS == MONO_BITS) != (channel_bits is not None):
                raise BadFrames(f"another kind of frame at byte {at}")
            if at + size > length:
                break
            side_at = at + HEADER_BYTES + (0 if bits & UNPROTECTED else CRC_BYTES)
            slot_at, at = side_at + side_bytes, at + size
            if slot_at > at:
                raise BadFrames("a frame without room for its side information")
            side = int.from_bytes(data[side_at:slot_at], "big")
            reach = side >> reach_at
            if reach > unused:
                raise BadFrames("main data before what earlier frames left")
            count = 0
            for shift in shifts:
                count += side >> shift & LENGTH_BITS
            count = count + 7 >> 3
            unused = min(most_reach, reach + at - slot_at - count)
            if unused < 0:
                raise BadFrames("main data beyond the end of its frame")
            past += data[slot_at:at]
            begin = len(past) - (at - slot_at) - reach
            head = ((bits & ~BIT_RATE_AND_PADDING) | UNPROTECTED) << side_bits
            frames.append(Frame(head | side ^ reach << reach_at, past[begin : begin + count]))
            past = past[-most_reach:]
        self._past, self._unused = past, unused
        return frames, at
