"""Runs ffmpeg and ffprobe, contained, within the limits that the operator set."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import msgspec

from converter_service.media.ffmpeg.errors import timed_out
from converter_service.media.ffmpeg.probe import unreadable
from converter_service.media.formats import Format
from converter_service.media.sandbox.process import Exit, Limits, Running, TooMuchOutput, contained

# A few KiB is usual; with long tags and hundreds of chapters it is some hundred.
ANSWER_BYTES = 4 * 1024 * 1024
# Beside the sound: tags and chapters that come along from the source.
TAGS_BYTES = 16 * 1024 * 1024
# Newer ffmpegs demux, decode and encode in threads of their own. The wall clock is what users are promised;
# this is what ends a process whose worker cannot end it any more.
CPU_PER_WALL_SECOND = 4


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What a conversion may use. `job_timeout` is by the wall's clock, `stall_timeout` without any result."""

    max_duration: timedelta = timedelta(hours=12)
    job_timeout: timedelta = timedelta(hours=2)
    probe_timeout: timedelta = timedelta(minutes=1)
    stall_timeout: timedelta = timedelta(minutes=2)
    memory_bytes: int = 2 * 1024**3
    max_result_bytes: int = 8 * 1024**3

    @property
    def max_duration_s(self) -> float:
        return self.max_duration.total_seconds()


class Answered(msgspec.Struct, frozen=True):
    """All that a program printed, and how it ended."""

    output: bytes
    ended: Exit


class Programs:
    """Starts commands that see nothing but the system's libraries and one scratch directory."""

    def __init__(self, rules: Rules, binaries: Sequence[str]) -> None:
        self._rules = rules
        # Also those outside /usr, such as a binary that came in a wheel.
        self._readable = tuple(Path(binary).resolve().parent for binary in binaries)

    def started(
        self,
        command: Sequence[str],
        scratch: Path,
        *,
        result: Path | None = None,
        file_bytes: int = ANSWER_BYTES,
    ) -> AbstractAsyncContextManager[Running]:
        """`result` is the one file that may be written, and grow to `file_bytes`."""
        limits = Limits(
            cpu_s=int(self._rules.job_timeout.total_seconds()) * CPU_PER_WALL_SECOND + 1,
            memory_bytes=self._rules.memory_bytes,
            file_bytes=file_bytes,
        )
        return contained(command, limits, readable=self._readable, writable=result, scratch=scratch)

    async def answer(self, command: Sequence[str], scratch: Path) -> Answered:
        """Raises MediaError when the answer is too long to be an honest file's."""
        async with self.started(command, scratch) as running:
            try:
                output = await running.output(ANSWER_BYTES)
            except TooMuchOutput as error:
                raise unreadable("too long an answer") from error
            return Answered(output, await running.ended())

    def result_bytes(self, form: Format) -> int:
        """How large a result can honestly become."""
        honest = int(form.max_bytes_per_s * self._rules.max_duration_s) + TAGS_BYTES
        return min(honest, self._rules.max_result_bytes)


@asynccontextmanager
async def within(limit: timedelta) -> AsyncIterator[None]:
    """MediaError `timed_out` when the block takes longer. A TimeoutError from inside is somebody else's."""
    clock = asyncio.timeout(limit.total_seconds())
    try:
        async with clock:
            yield
    except TimeoutError as error:
        if clock.expired():
            raise timed_out() from error
        raise
