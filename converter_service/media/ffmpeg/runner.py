"""Runs ffmpeg and ffprobe in the sandbox, within the operator's limits."""

import asyncio
import os
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec

from converter_service.media.audio_format import Format
from converter_service.media.ffmpeg.exit_causes import CountExit, cause_of, ignore_exit, program_name
from converter_service.media.ffmpeg.faults import timed_out, unreadable
from converter_service.media.ffmpeg.limits import TranscodingLimits
from converter_service.media.ffmpeg.tools import Tools
from converter_service.media.sandbox.policy import Limits
from converter_service.media.sandbox.process import Exit, SandboxedProcess, TooMuchOutput, sandboxed

# A few KiB is usual; with long tags and hundreds of chapters it is some hundred.
OUTPUT_BYTES = 4 * 1024 * 1024
# Room in a result for tags and chapters that come from the source.
TAGS_BYTES = 16 * 1024 * 1024
# Bounds the result by its source: speech at 6 kbit/s becomes some 250 times as large as WAV.
LEAST_RESULT_BYTES, RESULT_PER_SOURCE_BYTE = 64 * 1024 * 1024, 300
# Of the free disk space, what one result leaves to others.
SPARE_BYTES = 64 * 1024 * 1024
# Newer ffmpegs demux, decode and encode in separate threads. The wall clock limit is what users see; the CPU
# limit ends a process whose worker can no longer do so.
CPU_PER_WALL_SECOND = 4


class CapturedRun(msgspec.Struct, frozen=True):
    """The whole standard output of a program, and its exit status."""

    output: bytes
    exit: Exit


@dataclass(frozen=True, slots=True)
class ProgramRunner:
    """Starts programs that can read the system's libraries, their own directory and one scratch directory."""

    tools: Tools
    limits: TranscodingLimits
    count_exit: CountExit = ignore_exit

    @asynccontextmanager
    async def start(
        self,
        command: Sequence[str],
        scratch: Path,
        *,
        result: Path | None = None,
        file_bytes: int = OUTPUT_BYTES,
        readable: Sequence[Path] = (),
        stdin: int = DEVNULL,
        stdout: int = PIPE,
    ) -> AsyncIterator[SandboxedProcess]:
        """Runs `command` in a block; `result` is the one writable file, of at most `file_bytes`; `readable`
        are paths that it reads besides.
        """
        limits = Limits(
            cpu_s=int(self.limits.job_timeout.total_seconds()) * CPU_PER_WALL_SECOND + 1,
            memory_bytes=self.limits.memory_bytes,
            file_bytes=file_bytes,
        )
        running: SandboxedProcess | None = None
        try:
            async with sandboxed(
                command,
                limits,
                readable=[*self._program_folders(), *readable],
                writable=result,
                scratch=scratch,
                stdin=stdin,
                stdout=stdout,
            ) as running:
                yield running
        finally:
            name = program_name(command[0], self.tools.ffmpeg, self.tools.ffprobe)
            self.count_exit(name, cause_of(running.exit) if running else "machine")

    @asynccontextmanager
    async def start_pair(
        self,
        first: Sequence[str],
        second: Sequence[str],
        scratch: Path,
        *,
        result: Path | None = None,
        file_bytes: int = OUTPUT_BYTES,
    ) -> AsyncIterator[tuple[SandboxedProcess, SandboxedProcess]]:
        """Runs two programs in a block, of which the second one reads what the first one writes."""
        async with AsyncExitStack() as stack:
            reads, writes = (stack.enter_context(os.fdopen(end, "rb", 0)) for end in os.pipe())
            feeding = await stack.enter_async_context(self.start(first, scratch, stdout=writes.fileno()))
            running = await stack.enter_async_context(
                self.start(second, scratch, result=result, file_bytes=file_bytes, stdin=reads.fileno())
            )
            # A program is notified that the other one ended only if no other process holds the pipe.
            reads.close()
            writes.close()
            yield feeding, running

    def _program_folders(self) -> list[Path]:
        """Also those outside /usr, such as that of a binary from a wheel."""
        return [Path(program).resolve().parent for program in (self.tools.ffmpeg, self.tools.ffprobe)]

    async def capture(self, command: Sequence[str], scratch: Path) -> CapturedRun:
        """Runs `command` to its end. Raises MediaError if it prints more than OUTPUT_BYTES."""
        async with self.start(command, scratch) as running:
            try:
                output = await running.output(OUTPUT_BYTES)
            except TooMuchOutput as error:
                raise unreadable("too long an answer") from error
            return CapturedRun(output, await running.wait())

    def max_result_bytes(self, form: Format, source: Path) -> int:
        """The size that no valid result in `form` exceeds, and for which the disk of `source` has room.

        Of a disk that is nearly full all is taken: ffmpeg then reports that, which is no fault of the source.
        """
        by_duration = int(form.max_bytes_per_s * self.limits.max_duration_s) + TAGS_BYTES
        by_source = LEAST_RESULT_BYTES + RESULT_PER_SOURCE_BYTE * source.stat().st_size
        room = shutil.disk_usage(source).free - SPARE_BYTES
        by_room = room if room > SPARE_BYTES else self.limits.max_result_bytes
        return min(by_duration, by_source, by_room, self.limits.max_result_bytes)


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
