"""One encoder, which is given blocks of sound one behind the other."""

import asyncio
from collections import deque

import msgspec

from converter_service.media.mp3.block_frames import BlockFrames
from converter_service.media.mp3.errors import BadFrames
from converter_service.media.mp3.frame_header import StreamShape
from converter_service.media.mp3.frame_reader import Frame
from converter_service.media.mp3.pcm_blocks import PcmBlock
from converter_service.media.sandbox.process import SandboxedProcess


class EncodedBlock(msgspec.Struct, frozen=True):
    """The frames of a block, and what they have in common; None if there is no frame."""

    shape: StreamShape | None
    frames: list[Frame]


PendingBlock = asyncio.Future[EncodedBlock]


class EncoderFailed(Exception):
    """An encoder ended with an error, or has complained."""


class EncoderLine:
    """Feeds one program and reads its frames. Its tasks belong to `tasks`, which they fail with BadFrames,
    EncoderFailed or OSError.
    """

    def __init__(self, program: SandboxedProcess, frames: BlockFrames, tasks: asyncio.TaskGroup) -> None:
        self._program, self._frames, self._tasks = program, frames, tasks
        self._due: deque[PendingBlock] = deque()
        self.feeding: asyncio.Task[None] | None = None
        """Ends when the encoder has taken the last block."""
        self.is_closed = False
        tasks.create_task(self._read())

    @property
    def is_idle(self) -> bool:
        return self.feeding is None or self.feeding.done()

    def encode(self, block: PcmBlock) -> PendingBlock:
        """Begins with a block; only when idle."""
        self._frames.expect(block)
        encoded: PendingBlock = asyncio.get_running_loop().create_future()
        self._due.append(encoded)
        self.feeding = self._tasks.create_task(self._program.feed(block.pcm))
        return encoded

    def close(self) -> None:
        """Lets the encoder end; only when idle."""
        self.is_closed = True
        self._program.close_input()

    async def _read(self) -> None:
        async for piece in self._program.chunks():
            self._give_out(self._frames.feed(piece))
        ended = await self._program.wait()
        if ended.code != 0 or ended.stderr:
            raise EncoderFailed(f"exit {ended.code}: {ended.stderr[-500:]}")
        self._give_out(self._frames.end())
        if self._due:
            raise BadFrames("the encoder has not given out all blocks")

    def _give_out(self, blocks: list[list[Frame]]) -> None:
        for frames in blocks:
            pending = self._due.popleft()
            if not pending.done():  # cancelled, together with this task
                pending.set_result(EncodedBlock(self._frames.reader.shape, frames))
