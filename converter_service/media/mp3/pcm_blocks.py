"""Cuts uncompressed sound into blocks that are encoded apart, each with the sound before and behind it.

An encoder that begins in the middle needs some frames before the first one that is kept, until it is in the
state of one that has encoded everything: the filter bank overlaps, and LAME adapts its threshold of hearing
over up to 95 frames. The sound behind lets it give out the last frame of the block.
"""

from collections.abc import Iterator

import msgspec

SAMPLE_BYTES = 4
"""A sample is a 32-bit float."""


class BlockPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Lengths in frames: of the block, and of the sound before and behind it. `frame_bytes` is the size of a
    frame's samples.
    """

    frame_bytes: int
    body: int
    lead: int
    tail: int


class PcmBlock(msgspec.Struct, frozen=True):
    """`pcm` is `lead` frames, the block's own, and those behind it; the last block goes on to the end of the
    sound.
    """

    pcm: bytes
    lead: int
    is_last: bool

    def frames(self, plan: BlockPlan) -> int:
        """The number of whole frames of samples."""
        return len(self.pcm) // plan.frame_bytes


class PcmCutter:
    """Takes sound in pieces, of which `total_bytes` is the sum."""

    def __init__(self, plan: BlockPlan) -> None:
        self.plan = plan
        self._lead = 0
        self._held = bytearray()
        self.total_bytes = 0

    def feed(self, piece: bytes) -> Iterator[PcmBlock]:
        """Yields the blocks that are complete now, of which none is the last one."""
        self.total_bytes += len(piece)
        self._held += piece
        plan = self.plan
        while len(self._held) >= (needed := (self._lead + plan.body + plan.tail) * plan.frame_bytes):
            yield PcmBlock(bytes(memoryview(self._held)[:needed]), self._lead, is_last=False)
            end = self._lead + plan.body
            self._lead = min(plan.lead, end)
            del self._held[: (end - self._lead) * plan.frame_bytes]

    def end(self) -> PcmBlock:
        """Returns the last block; it may have no frame of its own behind its lead."""
        return PcmBlock(bytes(self._held), self._lead, is_last=True)
