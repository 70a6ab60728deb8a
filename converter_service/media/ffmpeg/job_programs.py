"""The programs that one job runs: passes of ffmpeg over its source, and checks of source and result."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from converter_service.media.errors import TranscoderUnavailable
from converter_service.media.ffmpeg import commands, measure_commands, probe_commands
from converter_service.media.ffmpeg.encoder_budget import EncoderBudget
from converter_service.media.ffmpeg.errors import (
    complaints,
    failure,
    is_machines_fault,
    joint_exit,
    replaced_frames,
)
from converter_service.media.ffmpeg.faults import timed_out
from converter_service.media.ffmpeg.filters import PassOptions
from converter_service.media.ffmpeg.job import TranscodeJob
from converter_service.media.ffmpeg.loudness import Loudness, parse_summary
from converter_service.media.ffmpeg.metadata import tags_to_set
from converter_service.media.ffmpeg.packets import PacketTotals, SourceExtent
from converter_service.media.ffmpeg.parallel_encode import ParallelEncoding
from converter_service.media.ffmpeg.placement import JOINED, Placement
from converter_service.media.ffmpeg.progress import ProgressReports, Stalled
from converter_service.media.ffmpeg.result import (
    VerifiedAudio,
    contents_of_frames,
    decoded_s,
    parse_contents,
    verify_audio,
)
from converter_service.media.ffmpeg.runner import OUTPUT_BYTES, CapturedRun, ProgramRunner
from converter_service.media.ffmpeg.silence_report import parse_silence, was_rebuilt
from converter_service.media.ffmpeg.tag_programs import TagPrograms
from converter_service.media.ffmpeg.uniform_sound import write_uniform
from converter_service.media.ffmpeg.verify import LENGTH_TOLERANCE_S
from converter_service.media.mp3.frame_count import count_frames
from converter_service.media.sandbox.process import Exit, SandboxedProcess
from shared.logs import get_logger

STDERR_LOG_BYTES = 4096
# ffmpeg may report this little even of a whole result: reports begin at 0 when timestamps are kept, and newer
# ffmpegs end with the one millisecond of a cover. Decoding the result then shows whether it has any audio.
EMPTY_S = 0.002
# All frames of an MP3 are counted, but only its first minute is decoded: the rest comes from the same
# encoder, and decoding ten minutes would cost 12 % of encoding them. Other formats are decoded to their end.
DECODED_S = 60.0
# libavformat gives each packet of these containers a millisecond.
UNTIMED = frozenset({"dhav"})


@dataclass(frozen=True, slots=True)
class JobPrograms:
    """`has_cover`: the job's cover file is muxed into the result."""

    runner: ProgramRunner
    job: TranscodeJob
    reports: ProgressReports
    has_cover: bool
    tags: TagPrograms
    budget: EncoderBudget

    async def encode(self, options: PassOptions) -> VerifiedAudio:
        """Writes the target and verifies it. Raises MediaError or TranscoderUnavailable."""
        job, at_most_s = self.job, self.runner.limits.max_duration_s + 1.0
        file_bytes = await asyncio.to_thread(self.runner.max_result_bytes, job.form, job.source)
        ended = await self._encode_in_parallel(options, at_most_s, file_bytes)
        if ended is None:
            command = commands.convert(
                self.runner.tools, job, options, has_cover=self.has_cover, at_most_s=at_most_s
            )
            ended = await self._run(command, options, result=job.target, file_bytes=file_bytes)
        if not options.is_uniform and was_rebuilt(ended.stderr):
            get_logger(__name__).info("the track's sample rate or channels change: decoded apart")
            return await self.encode(replace(options, is_uniform=True))
        complained = complaints(ended)
        if ended.code != 0 or is_machines_fault(ended):
            get_logger(__name__).info("ffmpeg failed", code=ended.code, stderr=complained[-STDERR_LOG_BYTES:])
            raise failure(ended)
        if tags := tags_to_set(job):
            await self.tags.write(job.target, job.form.name, tags, file_bytes)
        if options.is_copy and self.has_cover:
            await self._read_copied_time(at_most_s)
        audio = await self._verify(complained, is_copy=options.is_copy)
        wanted_s = job.window.end_s - job.window.origin_s(job.track)
        is_full = audio.seconds > wanted_s - LENGTH_TOLERANCE_S
        silence_s = parse_silence(ended.stderr, is_full=is_full)
        return replace(
            audio,
            silence_s=silence_s,
            is_uniform=options.is_uniform,
            replaced_frames=replaced_frames(ended),
        )

    async def measure_source(self) -> Exit:
        """Measures the loudness of the filtered source; standard error ends with the summary."""
        ended = await self._measure_source(PassOptions())
        return (
            await self._measure_source(PassOptions(is_uniform=True)) if was_rebuilt(ended.stderr) else ended
        )

    async def measure_result(self) -> Loudness:
        """Measures the target's loudness. Raises TranscoderUnavailable if ffmpeg prints no summary."""
        command = measure_commands.measure_result(self.runner.tools, self.job.form, self.job.target)
        captured = await self.runner.capture(command, self.job.target.parent)
        try:
            return parse_summary(captured.exit.stderr)
        except ValueError as error:
            raise _broken(str(error)) from error

    async def source_extent(self, *, is_changing: bool = False) -> SourceExtent:
        """Lists all packets of the source, which takes as long as reading the file.

        `is_changing`: the track's sample rate may change.
        """
        job = self.job
        are_joined = job.info.container in JOINED
        totals = PacketTotals(
            job.track,
            Placement.of(job.info, job.track),
            job.window,
            are_joined=are_joined,
            is_changing=is_changing,
            has_durations=job.info.container not in UNTIMED,
            has_strays=job.info.has_strays,
        )
        command = probe_commands.packets(self.runner.tools, self.job.source, is_deep=self.job.info.is_deep)
        async with self.runner.start(command, self.job.target.parent) as running:
            rest = b""
            async for chunk in running.chunks():
                *whole, rest = (rest + chunk).split(b"\n")
                totals.add(whole)
            totals.add([rest])
            await running.wait()
        return totals.extent

    async def _measure_source(self, options: PassOptions) -> Exit:
        at_most_s = self.runner.limits.max_duration_s + 1.0
        command = measure_commands.measure(self.runner.tools, self.job, options, at_most_s=at_most_s)
        return await self._run(command, options)

    async def _encode_in_parallel(
        self, options: PassOptions, at_most_s: float, file_bytes: int
    ) -> Exit | None:
        """Writes the target with several encoders; None if that does not apply, or has not worked."""
        encoding = ParallelEncoding(
            runner=self.runner,
            job=self.job,
            reports=self.reports,
            budget=self.budget,
            has_cover=self.has_cover,
            at_most_s=at_most_s,
            file_bytes=file_bytes,
        )
        try:
            return await encoding.run(options) if encoding.applies_to(options) else None
        except Stalled as error:
            raise timed_out() from error

    async def _run(
        self,
        command: Sequence[str],
        options: PassOptions,
        *,
        result: Path | None = None,
        file_bytes: int = OUTPUT_BYTES,
    ) -> Exit:
        """Runs a pass to its end, together with the ffmpeg that decodes for it if there is one."""
        scratch = self.job.target.parent
        if not options.is_uniform:
            async with self.runner.start(command, scratch, result=result, file_bytes=file_bytes) as running:
                return await self._follow(running)
        decode = write_uniform(self.runner.tools, self.job)
        async with self.runner.start_pair(decode, command, scratch, result=result, file_bytes=file_bytes) as (
            feeding,
            running,
        ):
            ended = await self._follow(running)
            return joint_exit(await feeding.wait(), ended)

    async def _read_copied_time(self, at_most_s: float) -> None:
        """Lets the reports end with the audio's last timestamp. Newer ffmpegs report the time of the stream
        that ended first, which is the cover.
        """
        command = measure_commands.copied_time(self.runner.tools, self.job, at_most_s=at_most_s)
        async with self.runner.start(command, self.job.target.parent) as running:
            await self._follow(running)

    async def _follow(self, running: SandboxedProcess) -> Exit:
        """Waits for the end. Raises MediaError if the program stalls."""
        stall_s = self.runner.limits.stall_timeout.total_seconds()
        try:
            await self.reports.follow(running.lines(), stall_s, self.job.options.start or 0.0)
        except Stalled as error:
            raise timed_out() from error
        return await running.wait()

    async def _verify(self, complained: str, *, is_copy: bool) -> VerifiedAudio:
        """Verifies the target. Raises TranscoderUnavailable if it is broken, MediaError if it is too long.

        A stream copy did not come from our encoder and is decoded to its end.
        """
        job, tools, scratch = self.job, self.runner.tools, self.job.target.parent
        first_s = DECODED_S if job.form.has_counted_frames and not is_copy else None
        programs = [measure_commands.decode(tools, job.form, job.target, first_s)]
        if first_s is None:
            # Frames of our own encoder are counted without a program.
            programs.append(probe_commands.count(tools, job.form, job.target))
        decoded, *reports = await asyncio.gather(*(self.runner.capture(each, scratch) for each in programs))
        if self.reports.made_s <= EMPTY_S and decoded_s(decoded.output) <= 0:
            return VerifiedAudio(0.0, complaints=complained)
        try:
            for captured in (decoded, *reports):
                _check_ended_well(captured)
            contents = (
                parse_contents(reports[0].output, job.form)
                if reports
                else contents_of_frames(await asyncio.to_thread(count_frames, job.target))
            )
            audio = verify_audio(contents, decoded.output, first_s, complained)
        except ValueError as error:
            raise _broken(str(error)) from error
        self.runner.limits.check_duration(audio.seconds)
        return audio


def _check_ended_well(captured: CapturedRun) -> None:
    """Raises ValueError if a program failed or complained."""
    if captured.exit.code != 0 or captured.exit.stderr:
        raise ValueError(captured.exit.stderr[-500:])


def _broken(reason: str) -> TranscoderUnavailable:
    return TranscoderUnavailable(f"the result is broken: {reason}")
