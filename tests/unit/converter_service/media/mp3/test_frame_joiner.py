"""Joining of blocks at a place from which on the frames of the next one fit."""

import pytest

from converter_service.media.mp3.errors import DoesNotFit
from converter_service.media.mp3.frame_joiner import FrameJoiner
from converter_service.media.mp3.frame_reader import Frame, FrameReader
from tests.support.mp3_frames import frame_of, shape_of

SHAPE = shape_of(44_100, 2)
# Of main data in a frame of 128 kbit/s; one in 26 frames has no padding and a byte less.
ROOM = 381


def frames(name: str, *counts: int) -> list[Frame]:
    numbered = enumerate(counts)
    return [frame_of(SHAPE, f"{name}{number:03}".encode().ljust(count, b".")) for number, count in numbered]


def names(joined: bytes) -> list[str]:
    reader = FrameReader()
    found = reader.feed(joined)
    reader.end()
    return [frame.data[:4].decode() for frame in found]


def joined(kbits: int | None, *blocks: list[Frame], overlap: int = 3) -> list[str]:
    joiner = FrameJoiner(SHAPE, kbits, overlap)
    parts = [*(joiner.add(block) for block in blocks), joiner.finish()]
    assert joiner.frames == len(names(b"".join(part.data for part in parts)))
    return names(b"".join(part.data for part in parts))


def test_the_seam_is_behind_all_frames_of_a_block_if_those_of_the_next_one_fit() -> None:
    assert joined(128, frames("a", *[ROOM] * 5), frames("b", *[ROOM] * 5)) == [
        *("a000", "a001", "a002", "a003", "a004"),
        *("b003", "b004"),
    ]


def test_the_seam_moves_to_where_the_next_block_s_frames_fit() -> None:
    # The first block ends with nothing to spare; the second one has spared 200 bytes in each of three frames.
    first = frames("a", 100, 100, ROOM, ROOM + 281, ROOM + 230)
    second = frames("b", ROOM - 200, ROOM - 200, ROOM - 200, ROOM + 300, ROOM)
    assert joined(128, first, second) == [
        *("a000", "a001", "a002", "a003"),
        *("b002", "b003", "b004"),
    ]


def test_without_a_place_for_the_seam_the_blocks_are_refused() -> None:
    with pytest.raises(DoesNotFit):
        joined(128, frames("a", *[ROOM] * 5), frames("b", ROOM, ROOM, ROOM, ROOM + 200))


def test_blocks_of_a_varying_rate_are_joined_where_the_next_one_fits() -> None:
    first = frames("a", 10, 10, 10, 500, 1008)
    assert joined(None, first, frames("b", 10, 500, 1008, 900)) == [
        "a000",
        "a001",
        "a002",
        "a003",
        "a004",
        "b003",
    ]
    # Before the last frame of the first block nothing can be left for one of 1,300 bytes.
    full = frames("a", 1008, 1008, 1008, 1008, 1008)
    assert joined(None, full, frames("b", 600, 600, 600, 1300)) == [
        *("a000", "a001", "a002", "a003"),
        *("b002", "b003"),
    ]


def test_nothing_is_joined_to_nothing() -> None:
    assert joined(128) == []
    assert joined(None, []) == []
