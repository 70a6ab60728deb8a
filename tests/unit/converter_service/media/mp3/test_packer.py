"""Packing of main data into frames of a constant or of the smallest bit rate."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converter_service.media.mp3.errors import BadFrames, DoesNotFit
from converter_service.media.mp3.frame_header import StreamShape
from converter_service.media.mp3.frame_reader import Frame, FrameReader
from converter_service.media.mp3.packer import Packer
from converter_service.media.mp3.slots import ConstantRate, Rate, VaryingRate
from tests.support.mp3_frames import frame_of, most_data_bytes, shape_of, shapes
from tests.support.mp3_stream import read_stream


def packed(shape: StreamShape, rate: Rate, groups: Sequence[Sequence[Frame]]) -> tuple[bytes, list[int]]:
    packer = Packer(shape, rate)
    parts = [*(packer.pack(group) for group in groups), packer.finish()]
    return b"".join(part.data for part in parts), [size for part in parts for size in part.sizes]


def frames_of(draw: st.DrawFn, shape: StreamShape, most: int) -> list[Frame]:
    counts = draw(st.lists(st.integers(0, most), max_size=40))
    return [frame_of(shape, bytes([number % 255 + 1]) * count) for number, count in enumerate(counts)]


def in_groups(draw: st.DrawFn, frames: list[Frame]) -> list[list[Frame]]:
    cuts = sorted(draw(st.lists(st.integers(0, len(frames)), max_size=4)))
    return [frames[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(frames)], strict=True)]


def assert_holds(stream: bytes, sizes: list[int], frames: list[Frame]) -> None:
    """The stream is valid, and a reader finds the same frames in it."""
    assert [each.size for each in read_stream(stream)] == sizes
    reader = FrameReader()
    assert reader.feed(stream) == frames
    reader.end()


@given(shapes, st.data())
@settings(max_examples=60)
def test_any_main_data_is_found_again_with_a_varying_rate(shape: StreamShape, data: st.DataObject) -> None:
    largest = shape.frame_bytes(shape.kbits[-1]) - shape.head_bytes
    frames = data.draw(st.composite(frames_of)(shape, min(largest, most_data_bytes(shape))))
    stream, sizes = packed(shape, VaryingRate(shape), data.draw(st.composite(in_groups)(frames)))
    assert_holds(stream, sizes, frames)


@given(shapes, st.data())
@settings(max_examples=60)
def test_what_a_constant_rate_holds_is_found_again(shape: StreamShape, data: st.DataObject) -> None:
    kbits = data.draw(st.sampled_from(shape.kbits))
    room = max(0, shape.frame_bytes(kbits) - shape.head_bytes)
    frames = data.draw(st.composite(frames_of)(shape, min(room, most_data_bytes(shape))))
    stream, sizes = packed(shape, ConstantRate(shape, kbits), data.draw(st.composite(in_groups)(frames)))
    assert_holds(stream, sizes, frames)
    assert {each.kbits for each in read_stream(stream)} <= {kbits}


@pytest.mark.parametrize("rate_hz", [44_100, 22_050, 11_025])
def test_padding_adds_up_to_the_bit_rate(rate_hz: int) -> None:
    shape = shape_of(rate_hz, 2)
    kbits = 128 if rate_hz == 44_100 else 64
    frames = [frame_of(shape, b"")] * 1000
    _, sizes = packed(shape, ConstantRate(shape, kbits), [frames])
    wanted = 1000 * shape.samples / rate_hz * kbits * 125
    assert abs(sum(sizes) - wanted) <= 1
    assert sizes[0] == shape.frame_bytes(kbits)


def test_space_that_frames_leave_is_used_by_later_ones() -> None:
    shape = shape_of(44_100, 2)
    small, large = frame_of(shape, b"s" * 100), frame_of(shape, b"l" * 600)
    stream, _ = packed(shape, ConstantRate(shape, 128), [[small, small, large]])
    # 381 bytes of main data a frame: 281 and 281 are left, of which the third one needs 219.
    assert [each.back for each in read_stream(stream)] == [0, 281, 511]


def test_a_reservoir_reaches_as_far_as_its_field_and_a_decoder_s_buffer() -> None:
    empty = [frame_of(shape_of(44_100, 2), b"")] * 8
    stream, _ = packed(shape_of(44_100, 2), ConstantRate(shape_of(44_100, 2), 128), [empty])
    assert max(each.back for each in read_stream(stream)) == 511
    low = [frame_of(shape_of(22_050, 2), b"")] * 8
    stream, _ = packed(shape_of(22_050, 2), ConstantRate(shape_of(22_050, 2), 64), [low])
    assert max(each.back for each in read_stream(stream)) == 255
    highest = [frame_of(shape_of(32_000, 2), b"")] * 8
    stream, _ = packed(shape_of(32_000, 2), ConstantRate(shape_of(32_000, 2), 320), [highest])
    assert max(each.back for each in read_stream(stream)) == 1920 - 1440


def test_frames_are_larger_than_they_need_where_later_ones_need_more_than_the_largest_has() -> None:
    shape = shape_of(44_100, 2)
    small, large = frame_of(shape, b"s" * 100), frame_of(shape, b"l" * 1200)
    alone, _ = packed(shape, VaryingRate(shape), [[small, small]])
    assert [each.size for each in read_stream(alone)] == [156, 130]
    # 1,008 bytes of main data is the most; 192 are missing for each of the large frames.
    stream, sizes = packed(shape, VaryingRate(shape), [[small, small, large, large]])
    assert_holds(stream, sizes, [small, small, large, large])
    assert [each.back for each in read_stream(stream)][2:] >= [384, 192]


def test_room_is_kept_for_frames_that_are_packed_later() -> None:
    shape = shape_of(44_100, 2)
    small, large = frame_of(shape, b"s" * 100), frame_of(shape, b"l" * 1400)
    packer = Packer(shape, VaryingRate(shape))
    parts = [packer.pack([small], ahead=[large]), packer.pack([large]), packer.finish()]
    stream = b"".join(part.data for part in parts)
    assert_holds(stream, [size for part in parts for size in part.sizes], [small, large])


def test_main_data_that_does_not_fit_is_refused() -> None:
    shape = shape_of(44_100, 2)
    large = frame_of(shape, b"l" * 382)
    with pytest.raises(DoesNotFit):
        Packer(shape, ConstantRate(shape, 128)).pack([large])
    assert not Packer(shape, ConstantRate(shape, 128)).fits([large])
    assert Packer(shape, ConstantRate(shape, 160)).fits([large])
    with pytest.raises(DoesNotFit):
        Packer(shape, VaryingRate(shape)).pack([frame_of(shape, b"l" * 1009)])


def test_a_bit_rate_that_the_format_lacks_is_refused() -> None:
    with pytest.raises(BadFrames):
        ConstantRate(shape_of(22_050, 1), 320)
