"""Encodes an MP3 with several encoders at once: one program decodes, others encode blocks of its sound.

The frames are joined in order into the file that one ffmpeg would have written: the same tag in front, all
frames of the same bit rate, or each of the smallest, and a first frame with the exact length. Failures are
not reported from here: the caller then runs the one ffmpeg, whose errors are those of the source.
"""

import asyncio
import contextlib
from asyncio.subprocess import PIPE
from contextlib import AsyncExitStack
from dataclasses import dataclass

from converter_service.media.errors import MachineUnfit
from converter_service.media.ffmpeg import commands, pcm_commands
from converter_service.media.ffmpeg.encoder_budget import EncoderBudget
from converter_service.media.ffmpeg.encoder_line import EncoderFailed, EncoderLine, PendingBlock
from converter_service.media.ffmpeg.encoder_pool import EncoderPool
from converter_service.media.ffmpeg.errors import is_machines_fault
from converter_service.media.ffmpeg.filters import PassOptions
from converter_service.media.ffmpeg.job import TranscodeJob
from converter_service.media.ffmpeg.mp3_file import Mp3File, write_silence
from converter_service.media.ffmpeg.pcm_source import PcmSource
from converter_service.media.ffmpeg.pcm_stream import BadHeader, PcmSound
from converter_service.media.ffmpeg.progress import ProgressReports
from converter_service.media.ffmpeg.runner import ProgramRunner
from converter_service.media.mp3.block_encoding import OVERLAP, BlockEncoding
from converter_service.media.mp3.block_frames import BlockFrames
from converter_service.media.mp3.errors import BadFrames
from converter_service.media.mp3.pcm_blocks import BlockPlan, PcmCutter
from converter_service.media.sandbox.process import Exit, SandboxedProcess
from shared.logs import get_logger

# Each program more takes a tenth of a second to start.
LEAST_S = 60.0
# Of all blocks that are held at once.
PCM_BYTES = 32 * 1024 * 1024
# So that the last block of one encoder does not keep the others waiting for long.
BLOCKS_PER_ENCODER = 3
FALLBACKS = (BadFrames, BadHeader, EncoderFailed, MachineUnfit, OSError)

log = get_logger(__name__)
Pending = asyncio.Queue[PendingBlock | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelEncoding:
    """One pass over a source. `has_cover` and `at_most_s` as for `commands.convert`; the file is at most
    `file_bytes` large.
    """

    runner: ProgramRunner
    job: TranscodeJob
    reports: ProgressReports
    budget: EncoderBudget
    has_cover: bool
    at_most_s: float
    file_bytes: int

    def applies_to(self, options: PassOptions) -> bool:
        """Whether several encoders may be used, and gain anything."""
        is_encoded = not options.is_copy and not options.is_uniform and self.job.form.name == "mp3"
        return is_encoded and self.budget.share > 1 and (self.job.likely_s or 0.0) >= LEAST_S

    async def run(self, options: PassOptions) -> Exit | None:
        """Writes `job.target`, and returns the decoder's exit; None if one ffmpeg has to do it. Raises
        Stalled, and what the progress reports raise.
        """
        try:
            async with AsyncExitStack() as programs:
                return await self._run(options, programs)
        except FALLBACKS as fault:
            reason: BaseException = fault
        except BaseExceptionGroup as group:
            _, others = group.split(FALLBACKS)
            if others is not None:
                raise _first(others) from group
            reason = _first(group)
        log.info("not encoded in parallel", reason=f"{type(reason).__name__}: {reason}"[:500])
        return None

    async def _run(self, options: PassOptions, programs: AsyncExitStack) -> Exit:
        runner, job, stall = self.runner, self.job, self.runner.limits.stall_timeout
        command = pcm_commands.decode(runner.tools, job, options, at_most_s=self.at_most_s)
        decoder = await programs.enter_async_context(runner.start(command, job.target.parent))
        source = PcmSource(decoder, stall.total_seconds(), job.options.start or 0.0)
        sound = await source.begin()
        encoding = self._encoding(sound)
        cutter, pending = PcmCutter(self._plan(encoding)), Pending()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._write(encoding, cutter, pending))

            async def start() -> EncoderLine:
                program = await self._start_encoder(sound, programs)
                return EncoderLine(program, BlockFrames(cutter.plan, OVERLAP), tasks)

            pool = EncoderPool(start, self.budget, stall)
            async for piece in source.pieces():
                for block in cutter.feed(piece):
                    pending.put_nowait(await pool.encode(block))
            ended = await decoder.wait()
            if ended.code != 0 or is_machines_fault(ended):
                raise EncoderFailed(f"the decoder: exit {ended.code}")
            pending.put_nowait(await pool.encode(cutter.end()))
            pending.put_nowait(None)
            await pool.close()
        return ended

    def _encoding(self, sound: PcmSound) -> BlockEncoding:
        if sound.rate_hz not in self.job.form.sample_rates_hz or sound.channels not in (1, 2):
            raise BadHeader(f"{sound.channels} channels of {sound.rate_hz} Hz")
        bitrate_bps = commands.encoder_settings(self.job).get("audio_bitrate")
        kbits = None if bitrate_bps is None else int(bitrate_bps) // 1000
        return BlockEncoding(rate_hz=sound.rate_hz, channels=sound.channels, kbits=kbits)

    def _plan(self, encoding: BlockEncoding) -> BlockPlan:
        share = self.budget.share
        frames = int((self.job.likely_s or 0.0) * encoding.rate_hz) // encoding.frame_samples
        return encoding.plan_within(PCM_BYTES // (share + 1), frames // (BLOCKS_PER_ENCODER * share))

    async def _start_encoder(self, sound: PcmSound, programs: AsyncExitStack) -> SandboxedProcess:
        command = pcm_commands.encode(self.runner.tools, sound, commands.encoder_settings(self.job))
        starting = self.runner.start(command, self.job.target.parent, stdin=PIPE)
        return await programs.enter_async_context(starting)

    async def _write(self, encoding: BlockEncoding, cutter: PcmCutter, pending: Pending) -> None:
        """Writes the blocks in order as they are encoded, up to None."""
        await self._write_tag()
        with await asyncio.to_thread(self.job.target.open, "r+b") as opened:
            file = await asyncio.to_thread(Mp3File, opened, self.file_bytes)
            while (block := await pending.get()) is not None:
                encoded = await block
                if encoded.shape is not None and not file.has_begun:
                    file.begin(encoded.shape, encoding.kbits, OVERLAP)
                frames = await asyncio.to_thread(file.add, encoded.frames)
                await self.reports.reach(frames * encoding.frame_samples / encoding.rate_hz)
            samples = cutter.total_bytes * encoding.frame_samples // cutter.plan.frame_bytes
            await asyncio.to_thread(file.finish, samples)
        await self.reports.reach(samples / encoding.rate_hz)

    async def _write_tag(self) -> None:
        """Lets ffmpeg write the tag, in front of an MP3 without sound."""
        job = self.job
        silence = job.target.with_name(f"{job.target.name}.silence")
        command = commands.write_tag(
            self.runner.tools, job, silence, has_cover=self.has_cover, at_most_s=self.at_most_s
        )
        try:
            await asyncio.to_thread(write_silence, silence)
            starting = self.runner.start(
                command, job.target.parent, result=job.target, file_bytes=self.file_bytes
            )
            async with starting as running:
                ended = await running.wait()
        finally:
            with contextlib.suppress(OSError):
                silence.unlink(missing_ok=True)
        if ended.code != 0 or ended.stderr:
            raise EncoderFailed(f"the tag: exit {ended.code}: {ended.stderr[-500:]}")


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
