"""The header of an MP3 frame, and what follows from it for all frames of one stream.

Sources: ISO 11172-3 and ISO 13818-3, sections 2.4.1.3 (header) and 2.4.1.7 (side information); MPEG-2.5 is an
extension of Fraunhofer's for sample rates below 16 kHz.
"""

from collections.abc import Mapping
from functools import cached_property

from converter_service.media.mp3.errors import BadFrames

HEADER_BYTES, CRC_BYTES = 4, 2
# 320 kbit/s at 32 kHz, with padding.
LARGEST_FRAME_BYTES = 1441
# The sync word, version, layer, bit rate, sample rate and padding of a frame header; the rest may differ.
SHAPE = 0xFFFE_FE00
# The bit that says that no CRC follows, and the place of the number of the bit rate and of the padding bit.
UNPROTECTED, BIT_RATE_AT, PADDING_AT = 1 << 16, 12, 9
BIT_RATE_AND_PADDING = 0xF200
SYNC, LAYER_III, MPEG_1 = 0x7FF, 0b01, 0b11
RATES_HZ = {0b11: (44_100, 48_000, 32_000), 0b10: (22_050, 24_000, 16_000), 0b00: (11_025, 12_000, 8_000)}
KBITS = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
LOW_KBITS = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
MONO_BITS = 0b11 << 6
# Of one channel: MPEG-1, and MPEG-2 and 2.5.
FRAME_SAMPLES, LOW_FRAME_SAMPLES = 1152, 576
# From this rate up, MP3 is MPEG-1.
MPEG_1_HZ = 32_000


def frame_samples(rate_hz: int) -> int:
    """The samples of one channel in a frame, at one of the sample rates that MP3 has."""
    return FRAME_SAMPLES if rate_hz >= MPEG_1_HZ else LOW_FRAME_SAMPLES


class StreamShape:
    """What all frames of one stream have in common. `bits` is the header of one of them."""

    def __init__(self, bits: int) -> None:
        """Raises BadFrames if `bits` are not the header of a Layer III frame with a listed bit rate."""
        version, rate, number = bits >> 19 & 0b11, bits >> 10 & 0b11, bits >> BIT_RATE_AT & 0xF
        is_layer_iii = bits >> 21 == SYNC and bits >> 17 & 0b11 == LAYER_III
        if not is_layer_iii or version not in RATES_HZ or rate == 0b11 or number in {0, 0xF}:
            raise BadFrames("not the header of an MP3 frame")
        self.bits = bits
        self.is_mpeg_1 = version == MPEG_1
        self.is_mono = bits & MONO_BITS == MONO_BITS
        self.samples = FRAME_SAMPLES if self.is_mpeg_1 else LOW_FRAME_SAMPLES
        self.rate_hz = RATES_HZ[version][rate]
        self.kbits = KBITS if self.is_mpeg_1 else LOW_KBITS

    @property
    def channels(self) -> int:
        return 1 if self.is_mono else 2

    @property
    def granules(self) -> int:
        """The parts of a frame that are coded apart: two in MPEG-1."""
        return 2 if self.is_mpeg_1 else 1

    @property
    def side_bytes(self) -> int:
        """The size of the side information."""
        if self.is_mpeg_1:
            return 17 if self.is_mono else 32
        return 9 if self.is_mono else 17

    @property
    def head_bytes(self) -> int:
        """The size of header and side information, without a CRC."""
        return HEADER_BYTES + self.side_bytes

    @property
    def reach_bits(self) -> int:
        """The size of the field `main_data_begin`, which begins the side information."""
        return 9 if self.is_mpeg_1 else 8

    @property
    def most_reach(self) -> int:
        """The most bytes that main data may begin before its own frame."""
        return (1 << self.reach_bits) - 1

    @property
    def length_shifts(self) -> tuple[int, ...]:
        """By how many bits to shift side information so that a field `part2_3_length` has the lowest 12 bits:
        one for each granule and channel.
        """
        if self.is_mpeg_1:
            begin, size, fields = (18, 59, 2) if self.is_mono else (20, 59, 4)
        else:
            begin, size, fields = (9, 63, 1) if self.is_mono else (10, 63, 2)
        return tuple(8 * self.side_bytes - begin - size * field - 12 for field in range(fields))

    def frame_bytes(self, kbits: int) -> int:
        """The size of a frame without padding."""
        return self.samples // 8 * 1000 * kbits // self.rate_hz

    @cached_property
    def sizes(self) -> Mapping[int, int]:
        """The size of a frame by its header's SHAPE, for all bit rates, with and without padding."""
        shared = self.bits & SHAPE & ~BIT_RATE_AND_PADDING
        return {
            shared | number << BIT_RATE_AT | padding << PADDING_AT: self.frame_bytes(kbits) + padding
            for number, kbits in enumerate(self.kbits, 1)
            for padding in (0, 1)
        }
