"""Reading of frames and their main data, also of hostile streams."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter_service.media.mp3.errors import BadFrames
from converter_service.media.mp3.frame_header import StreamShape
from converter_service.media.mp3.frame_reader import Frame, FrameReader
from converter_service.media.mp3.packer import Packer
from converter_service.media.mp3.slots import ConstantRate
from tests.support.mp3_frames import frame_of, shape_of, shapes

SHAPE = shape_of(44_100, 2)
FRAMES = [frame_of(SHAPE, bytes([number]) * (100 * number % 700)) for number in range(1, 20)]


def stream_of(frames: list[Frame], shape: StreamShape = SHAPE) -> bytes:
    packer = Packer(shape, ConstantRate(shape, 160 if shape.is_mpeg_1 else 64))
    return packer.pack(frames).data + packer.finish().data


@given(st.lists(st.integers(0, 9000), max_size=12))
def test_pieces_of_any_size_give_the_same_frames(cuts: list[int]) -> None:
    stream, reader = stream_of(FRAMES), FrameReader()
    places = sorted({0, len(stream), *(min(cut, len(stream)) for cut in cuts)})
    found = [frame for begin, end in pairwise(places) for frame in reader.feed(stream[begin:end])]
    reader.end()
    assert found == FRAMES


@given(shapes)
def test_the_shape_is_that_of_the_stream(shape: StreamShape) -> None:
    reader = FrameReader()
    reader.feed(stream_of([frame_of(shape, b"data")] * 2, shape))
    assert reader.shape is not None
    assert (reader.shape.rate_hz, reader.shape.channels) == (shape.rate_hz, shape.channels)


def test_a_crc_is_left_out() -> None:
    plain = stream_of([frame_of(SHAPE, b"data")])
    protected = (int.from_bytes(plain[:4], "big") & ~(1 << 16)).to_bytes(4, "big") + b"\x12\x34" + plain[4:-2]
    assert FrameReader().feed(protected) == FrameReader().feed(plain)


def test_main_data_before_the_stream_is_refused() -> None:
    stream = bytearray(stream_of(FRAMES))
    stream[4] |= 0x80
    with pytest.raises(BadFrames):
        FrameReader().feed(bytes(stream))


def test_main_data_that_another_frame_has_is_refused() -> None:
    stream = bytearray(stream_of([frame_of(SHAPE, b"d" * 480)] * 3))
    second = SHAPE.frame_bytes(160)
    stream[second + 4] |= 0x80
    with pytest.raises(BadFrames):
        FrameReader().feed(bytes(stream))


def test_main_data_beyond_its_frame_is_refused() -> None:
    # Four fields of at most 4,095 bits each declare 2,047 bytes, where a frame has 486.
    too_much = frame_of(SHAPE, b"d" * 2000).head | 10 << 12 + 8 * SHAPE.side_bytes
    with pytest.raises(BadFrames):
        FrameReader().feed(too_much.to_bytes(SHAPE.head_bytes, "big").ljust(522, b"\0"))


def test_another_sample_rate_or_number_of_channels_is_refused() -> None:
    for other in (shape_of(48_000, 2), shape_of(44_100, 1), shape_of(22_050, 2)):
        reader = FrameReader()
        reader.feed(stream_of(FRAMES))
        with pytest.raises(BadFrames):
            reader.feed(stream_of([frame_of(other, b"")] * 3, other))


def test_a_frame_that_is_cut_off_is_refused() -> None:
    reader = FrameReader()
    reader.feed(stream_of(FRAMES)[:-1])
    with pytest.raises(BadFrames):
        reader.end()


@pytest.mark.parametrize("head", ["fffb0000", "fffbf000", "fffd9000", "ffeb9000", "fffb9c00", "49443303"])
def test_what_is_no_frame_of_layer_iii_is_refused(head: str) -> None:
    with pytest.raises(BadFrames):
        FrameReader().feed(bytes.fromhex(head) + bytes(2000))


@given(st.binary(max_size=60), st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=8))
def test_damage_anywhere_is_read_or_refused(tail: bytes, damage: list[tuple[int, int]]) -> None:
    stream = bytearray(stream_of(FRAMES))
    for place, value in damage:
        stream[place % len(stream)] = value
    reader = FrameReader()
    try:
        frames = reader.feed(bytes(stream) + tail)
        reader.end()
    except BadFrames:
        return
    assert all(len(frame.data) <= 2047 for frame in frames)
