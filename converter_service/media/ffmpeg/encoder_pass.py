"""One pass of ffmpeg over a source: start it, follow its progress, verify what it wrote."""

import msgspec

from converter_service.media.ffmpeg import commands
from converter_service.media.ffmpeg.checks import Checks
from converter_service.media.ffmpeg.errors import complaints, failure, timed_out
from converter_service.media.ffmpeg.filters import PassOptions
from converter_service.media.ffmpeg.job import Sidecars, TranscodeJob
from converter_service.media.ffmpeg.progress import ProgressReports, Stalled
from converter_service.media.ffmpeg.result import VerifiedAudio
from converter_service.media.ffmpeg.runner import ProgramRunner, TranscodingLimits
from converter_service.media.ffmpeg.tools import Tools
from converter_service.media.sandbox.process import Exit, SandboxedProcess
from shared.logs import get_logger

STDERR_LOG_BYTES = 4096
# The cover counts as a frame of one millisecond, so that this much is reported without any audio.
EMPTY_S = 0.002


class PassResult(msgspec.Struct, frozen=True):
    """The verified result of a pass, and the decoder's error messages."""

    audio: VerifiedAudio
    complaints: str

    @property
    def seconds(self) -> float:
        return self.audio.seconds


class EncoderPass:
    def __init__(
        self, tools: Tools, limits: TranscodingLimits, programs: ProgramRunner, checks: Checks
    ) -> None:
        self._tools = tools
        self._programs = programs
        self._checks = checks
        self._stall_s = limits.stall_timeout.total_seconds()
        self._at_most_s = limits.max_duration_s + 1.0
        self._log = get_logger(__name__)

    async def encode(
        self, job: TranscodeJob, sidecars: Sidecars, reports: ProgressReports, options: PassOptions
    ) -> PassResult:
        """Writes the target and verifies it. Raises MediaError or TranscoderUnavailable."""
        command = commands.convert(self._tools, job, options, sidecars, at_most_s=self._at_most_s)
        file_bytes = self._programs.max_result_bytes(job.form)
        async with self._programs.start(
            command, job.target.parent, result=job.target, file_bytes=file_bytes
        ) as running:
            ended = await self._follow(running, job, reports)
        if ended.code != 0:
            self._log.info("ffmpeg failed", code=ended.code, stderr=complaints(ended)[-STDERR_LOG_BYTES:])
            raise failure(ended)
        if reports.made_s <= EMPTY_S:
            return PassResult(VerifiedAudio(0.0), complaints(ended))
        return PassResult(await self._checks.verify(job, is_copy=options.is_copy), complaints(ended))

    async def measure(self, job: TranscodeJob, reports: ProgressReports) -> Exit:
        """Measures the loudness of the filtered source; standard error ends with the summary."""
        command = commands.measure(self._tools, job, PassOptions(), at_most_s=self._at_most_s)
        async with self._programs.start(command, job.target.parent) as running:
            return await self._follow(running, job, reports)

    async def _follow(self, running: SandboxedProcess, job: TranscodeJob, reports: ProgressReports) -> Exit:
        """Waits for the end. Raises MediaError if the program stalls."""
        try:
            await reports.follow(running.lines(), self._stall_s, job.options.start or 0.0)
        except Stalled as error:
            raise timed_out() from error
        return await running.wait()
