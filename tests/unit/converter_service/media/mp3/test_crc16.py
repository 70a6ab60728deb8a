"""CRC-16 of the LAME header."""

from hypothesis import given
from hypothesis import strategies as st

from converter_service.media.mp3.crc16 import crc16


def bit_by_bit(data: bytes, crc: int) -> int:
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def test_the_check_value_of_the_catalogue_is_met() -> None:
    assert crc16(b"123456789") == 0xBB3D


@given(st.binary(max_size=700), st.integers(0, 0xFFFF))
def test_it_equals_the_definition_behind_any_other_data(data: bytes, crc: int) -> None:
    assert crc16(data, crc) == bit_by_bit(data, crc)


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_data_in_two_pieces_has_the_crc_of_the_whole(first: bytes, second: bytes) -> None:
    assert crc16(second, crc16(first)) == crc16(first + second)
