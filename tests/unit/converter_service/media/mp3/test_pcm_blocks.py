"""Cutting of sound into blocks, and sorting of an encoder's frames by them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter_service.media.mp3.block_encoding import BlockEncoding
from converter_service.media.mp3.block_frames import BlockFrames
from converter_service.media.mp3.errors import BadFrames
from converter_service.media.mp3.frame_reader import Frame
from converter_service.media.mp3.packer import Packer
from converter_service.media.mp3.pcm_blocks import BlockPlan, PcmBlock, PcmCutter
from converter_service.media.mp3.slots import VaryingRate
from tests.support.mp3_frames import frame_of, shape_of

PLAN = BlockPlan(frame_bytes=4, body=10, lead=3, tail=2)
SHAPE = shape_of(44_100, 2)


def sound_of(frames: int, rest: int = 0) -> bytes:
    """Frames of which each says its number."""
    return b"".join(number.to_bytes(4, "big") for number in range(frames)) + b"\xff" * rest


def cut(sound: bytes, plan: BlockPlan = PLAN, piece: int = 7) -> list[PcmBlock]:
    cutter = PcmCutter(plan)
    blocks = [block for at in range(0, len(sound), piece) for block in cutter.feed(sound[at : at + piece])]
    assert cutter.total_bytes == len(sound)
    return [*blocks, cutter.end()]


def own(block: PcmBlock, plan: BlockPlan = PLAN) -> bytes:
    begin = block.lead * plan.frame_bytes
    return block.pcm[begin:] if block.is_last else block.pcm[begin : begin + plan.body * plan.frame_bytes]


@given(st.integers(0, 200), st.integers(0, 3), st.integers(1, 90))
def test_the_blocks_are_the_whole_sound_in_order(frames: int, rest: int, piece: int) -> None:
    sound = sound_of(frames, rest)
    assert b"".join(own(block) for block in cut(sound, piece=piece)) == sound


def test_a_block_has_the_sound_before_and_behind_it() -> None:
    first, second, *_, last = cut(sound_of(40))
    assert first.pcm == sound_of(40)[: 12 * 4]
    assert second.pcm == sound_of(40)[7 * 4 : 22 * 4]
    assert (first.lead, second.lead, last.lead, last.is_last) == (0, 3, 3, True)


def test_sound_before_a_block_is_never_more_than_there_is() -> None:
    long_lead = BlockPlan(frame_bytes=4, body=2, lead=5, tail=1)
    assert [block.lead for block in cut(sound_of(12), long_lead)] == [0, 2, 4, 5, 5, 5]


def test_plans_keep_to_the_memory_that_they_may_use() -> None:
    encoding = BlockEncoding(rate_hz=44_100, channels=2, kbits=192)
    plan = encoding.plan_within(8_000_000, 10**6)
    assert (plan.lead + plan.body + plan.tail) * plan.frame_bytes <= 8_000_000
    assert plan.body > 700
    assert encoding.plan_within(0, 10**6).body == 256
    assert encoding.plan_within(10**9, 400).body == 400


def encoded(blocks: list[PcmBlock], plan: BlockPlan) -> bytes:
    """As an encoder would: a frame for each frame of sound, in order, with that sound as its main data."""
    pcm = b"".join(block.pcm for block in blocks)
    frames = [frame_of(SHAPE, pcm[at : at + plan.frame_bytes]) for at in range(0, len(pcm), plan.frame_bytes)]
    packer = Packer(SHAPE, VaryingRate(SHAPE))
    return packer.pack(frames).data + packer.finish().data


def sorted_frames(blocks: list[PcmBlock], overlap: int, piece: int = 50) -> list[list[Frame]]:
    frames = BlockFrames(PLAN, overlap)
    for block in blocks:
        frames.expect(block)
    stream = encoded(blocks, PLAN)
    found = [block for at in range(0, len(stream), piece) for block in frames.feed(stream[at : at + piece])]
    return found + frames.end()


@given(st.integers(0, 120), st.integers(1, 4), st.integers(1, 3000))
def test_each_encoder_s_frames_are_those_of_its_blocks(frames: int, encoders: int, piece: int) -> None:
    blocks = cut(sound_of(frames))
    for turn in range(encoders):
        mine = blocks[turn::encoders]
        found = sorted_frames(mine, 0, piece)
        assert [b"".join(each.data for each in block) for block in found] == [own(each) for each in mine]


def test_blocks_overlap_by_frames_before_them() -> None:
    first, second, *_ = sorted_frames(cut(sound_of(40)), overlap=2)
    assert (len(first), len(second)) == (10, 12)
    assert second[:2] == first[-2:]


def test_an_encoder_that_ends_within_a_block_is_refused() -> None:
    frames = BlockFrames(PLAN, 0)
    block = cut(sound_of(40))[0]
    frames.expect(block)
    frames.feed(encoded([block], PLAN)[:200])
    with pytest.raises(BadFrames):
        frames.end()
