"""Sorts the frames that one encoder gives out by the blocks of sound that it was given."""

from collections import deque

import msgspec

from converter_service.media.mp3.errors import BadFrames
from converter_service.media.mp3.frame_reader import Frame, FrameReader
from converter_service.media.mp3.pcm_blocks import BlockPlan, PcmBlock


class _Range(msgspec.Struct, frozen=True):
    """The first and last frame of a block, counted from the encoder's first; None: to the encoder's end."""

    begin: int
    end: int | None


class BlockFrames:
    """`overlap`: how many of the frames before a block belong to it as well.

    An encoder is given whole frames, one block behind the other, and gives out as many, in order; those of
    the sound before and behind each block are dropped.
    """

    def __init__(self, plan: BlockPlan, overlap: int) -> None:
        self._plan, self._overlap = plan, overlap
        self.reader = FrameReader()
        self._fed = 0
        self._ranges: deque[_Range] = deque()
        self._seen = 0
        self._found: list[Frame] = []

    def expect(self, block: PcmBlock) -> None:
        """Records that the encoder is given `block` next."""
        begin = self._fed + max(0, block.lead - self._overlap)
        end = None if block.is_last else self._fed + block.lead + self._plan.body
        self._ranges.append(_Range(begin, end))
        self._fed += block.frames(self._plan)

    def feed(self, piece: bytes) -> list[list[Frame]]:
        """Returns the frames of each block that is complete now. Raises BadFrames."""
        frames = self.reader.feed(piece)
        blocks: list[list[Frame]] = []
        while self._ranges and (end := self._ranges[0].end) is not None and self._seen + len(frames) >= end:
            count = end - self._seen
            self._keep(frames[:count])
            frames = frames[count:]
            self._ranges.popleft()
            blocks.append(self._found)
            self._found = []
        self._keep(frames)
        return blocks

    def end(self) -> list[list[Frame]]:
        """Returns the frames of the last block, if this encoder was given it. Raises BadFrames if frames are
        missing.
        """
        self.reader.end()
        if self._ranges and self._ranges[0].end is not None:
            raise BadFrames("the encoder ended within a block")
        return [self._found for _ in self._ranges]

    def _keep(self, frames: list[Frame]) -> None:
        if self._ranges:
            self._found += frames[max(0, self._ranges[0].begin - self._seen) :]
        self._seen += len(frames)
