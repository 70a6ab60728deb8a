"""Checks of results and sources that run ffmpeg and ffprobe."""

import asyncio

from converter_service.media.durations import format_duration
from converter_service.media.ffmpeg import commands, probe_commands
from converter_service.media.ffmpeg.job import TranscodeJob
from converter_service.media.ffmpeg.loudness import Loudness, parse_summary
from converter_service.media.ffmpeg.packets import PacketTotals, SourceExtent
from converter_service.media.ffmpeg.result import VerifiedAudio, verify_audio
from converter_service.media.ffmpeg.runner import ProgramRunner, TranscodingLimits
from converter_service.media.ffmpeg.tools import Tools
from converter_service.media.transcoder import Fault, MediaError, TranscoderUnavailable

# All frames of an MP3 are counted, but only its first minute is decoded: the rest comes from the same
# encoder, and decoding ten minutes would cost 12 % of encoding them. Other formats are decoded to their end.
DECODED_S = 60.0


class Checks:
    def __init__(self, tools: Tools, limits: TranscodingLimits, programs: ProgramRunner) -> None:
        self._tools = tools
        self._limits = limits
        self._programs = programs

    async def verify(self, job: TranscodeJob, *, is_copy: bool) -> VerifiedAudio:
        """Verifies the target. Raises TranscoderUnavailable if it is broken, MediaError if it is too long.

        A stream copy did not come from our encoder and is decoded to its end.
        """
        scratch = job.target.parent
        first_s = DECODED_S if job.form.has_counted_frames and not is_copy else None
        count = probe_commands.count(self._tools, job.form, job.target)
        decode = commands.decode(self._tools, job.form, job.target, first_s)
        counted, decoded = await asyncio.gather(
            self._programs.capture(count, scratch), self._programs.capture(decode, scratch)
        )
        for captured in (counted, decoded):
            if captured.exit.code != 0 or captured.exit.stderr:
                raise _broken(captured.exit.stderr[-500:])
        try:
            audio = verify_audio(counted.output, decoded.output, job.form, first_s)
        except ValueError as error:
            raise _broken(str(error)) from error
        if audio.seconds > self._limits.max_duration_s:
            raise too_long(self._limits)
        return audio

    async def loudness(self, job: TranscodeJob) -> Loudness:
        """Measures the target's loudness. Raises TranscoderUnavailable if ffmpeg prints no summary."""
        command = commands.measure_result(self._tools, job.form, job.target)
        captured = await self._programs.capture(command, job.target.parent)
        try:
            return parse_summary(captured.exit.stderr)
        except ValueError as error:
            raise _broken(str(error)) from error

    async def source_extent(self, job: TranscodeJob) -> SourceExtent:
        """Lists all packets of the source, which takes as long as reading the file."""
        totals = PacketTotals(job.track.stream, job.info.start_s)
        command = probe_commands.packets(self._tools, job.source)
        async with self._programs.start(command, job.target.parent) as running:
            rest = b""
            async for chunk in running.chunks():
                *whole, rest = (rest + chunk).split(b"\n")
                totals.add(whole)
            totals.add([rest])
            await running.wait()
        return totals.extent


def too_long(limits: TranscodingLimits) -> MediaError:
    longest = format_duration(limits.max_duration_s)
    message = f"The audio is longer than {longest}, which is the most that is converted in one piece."
    return MediaError(Fault.TOO_LONG, message)


def _broken(reason: str) -> TranscoderUnavailable:
    return TranscoderUnavailable(f"the result is broken: {reason}")
