"""The CRC-16 of the LAME header, without a step for each byte.

It is the remainder modulo x^16 + x^15 + x^2 + 1 (ANSI, reflected, beginning with 0), the product of x + 1 and
x^15 + x + 1. Modulo the latter, x^15k = x^k + 1 whenever k is a power of 2, because squaring adds no mixed
terms in GF(2): up to 14k bits at once are replaced by shifting whole numbers. Modulo x + 1 the remainder is
the parity. In the number, bit i is the i-th bit of the stream: the power falls as i grows.
"""

# x^15 + x + 1 as a CRC: bit 0 is the highest power.
FACTOR = 0b1100_0000_0000_0001
DEGREE = 15
CRC_BITS = 16


def crc16(data: bytes, crc: int = 0) -> int:
    """Returns the CRC of `data` behind other data, whose CRC is `crc`."""
    number = int.from_bytes(data, "little") ^ crc
    remainder = _remainder(number, 8 * len(data) + CRC_BITS) << 1
    has_parity = (remainder ^ number).bit_count() % 2 == 0
    return remainder if has_parity else remainder ^ FACTOR


def _remainder(number: int, length: int) -> int:
    """Returns `number`, of `length` bits, modulo FACTOR."""
    while length > DEGREE:
        step = 1 << ((length - 1) // DEGREE).bit_length() - 1
        count = min(14 * step, length - 15 * step)
        front = number & (1 << count) - 1
        number = number >> count ^ front << 14 * step - count ^ front << 15 * step - count
        length -= count
    return number
