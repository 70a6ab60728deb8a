"""Sandboxed programs: bounded in time, memory and output, and killed when their block ends."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from converter_service.media.errors import MachineUnfit
from converter_service.media.sandbox.policy import ENVIRONMENT, Limits, launch_command
from converter_service.media.sandbox.program_timer import ProgramTimer
from shared.logs import get_logger

STDERR_TAIL_BYTES = 16 * 1024
READ_BYTES = 64 * 1024
FED_BYTES = 256 * 1024
REAP_S = 10.0


class Exit(msgspec.Struct, frozen=True, kw_only=True):
    """Exit status: `code` is negative for a signal, `stderr` the last STDERR_TAIL_BYTES of standard error."""

    code: int
    stderr: str


class TooMuchOutput(Exception):
    """The program printed more than the caller accepts."""


class SandboxedProcess:
    """A running program; valid inside the `sandboxed` block only. `exit` is set by `wait`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        if process.stderr is None:
            raise RuntimeError("standard error is a pipe")
        self._process = process
        self._stdin, self._stdout = process.stdin, process.stdout
        self._tail = bytearray()
        self._draining = asyncio.create_task(self._drain(process.stderr))
        self._timer = ProgramTimer(process.pid)
        self.exit: Exit | None = None

    @property
    def pid(self) -> int:
        """Process id, and also the id of its process group."""
        return self._process.pid

    async def feed(self, data: bytes) -> None:
        """Writes `data` to standard input, which must be a pipe of this process, as fast as the program
        reads. Raises OSError if the program has closed it.
        """
        if self._stdin is None:
            raise RuntimeError("standard input is no pipe")
        view = memoryview(data)
        for at in range(0, len(view), FED_BYTES):
            self._stdin.write(view[at : at + FED_BYTES])
            await self._stdin.drain()

    def close_input(self) -> None:
        """Ends standard input, once all that was written to it is read."""
        if self._stdin is not None:
            self._stdin.close()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yields standard output until it is closed; nothing if it goes to another program."""
        while self._stdout is not None and (chunk := await self._stdout.read(READ_BYTES)):
            yield chunk
        # A program closes its output at its end, before its process is gone.
        self._timer.read()

    async def lines(self) -> AsyncIterator[bytes]:
        """Yields the lines of standard output, without line ends. Raises TooMuchOutput for a line of more
        than READ_BYTES.
        """
        rest = b""
        async for chunk in self.chunks():
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                yield line
            if len(rest) > READ_BYTES:
                raise TooMuchOutput
        if rest:
            yield rest

    async def output(self, at_most: int) -> bytes:
        """Returns all of standard output. Raises TooMuchOutput above `at_most` bytes."""
        output = bytearray()
        async for chunk in self.chunks():
            output += chunk
            if len(output) > at_most:
                raise TooMuchOutput
        return bytes(output)

    async def wait(self) -> Exit:
        code = await self._process.wait()
        self._timer.stop()
        await self._draining
        self.exit = Exit(code=code, stderr=self._tail.decode("utf-8", "replace"))
        return self.exit

    async def kill(self) -> None:
        """Kills the process group, waits up to REAP_S for the program's end and closes its pipes."""
        if self._process.returncode is None:
            self._timer.read()
        self._timer.stop()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        discarding = asyncio.create_task(self._discard_output())
        try:
            async with asyncio.timeout(REAP_S):
                await self._process.wait()
        except TimeoutError:
            # In uninterruptible sleep, most likely on disk I/O: it cannot be killed.
            get_logger(__name__).error("program did not end after SIGKILL", pid=self.pid)
        finally:
            self._draining.cancel()
            discarding.cancel()
            await asyncio.gather(self._draining, discarding, return_exceptions=True)

    async def _discard_output(self) -> None:
        """Closes standard input, and reads what is left of standard output: before Python 3.12 the end of a
        process is noticed only after that of its pipes.
        """
        self.close_input()
        while self._stdout is not None and await self._stdout.read(READ_BYTES):
            pass

    async def _drain(self, stderr: asyncio.StreamReader) -> None:
        """Reads standard error, so that its pipe never fills up, and keeps the tail."""
        while chunk := await stderr.read(READ_BYTES):
            self._tail += chunk
            del self._tail[:-STDERR_TAIL_BYTES]


@asynccontextmanager
async def sandboxed(
    command: Sequence[str],
    limits: Limits,
    *,
    readable: Sequence[Path] = (),
    writable: Path | None = None,
    scratch: Path,
    stdin: int = asyncio.subprocess.DEVNULL,
    stdout: int = asyncio.subprocess.PIPE,
) -> AsyncIterator[SandboxedProcess]:
    """Starts `command` (its first word an absolute path) in the directory `scratch`, which it can read.

    `writable` is the one file that it can write; it is created first, because the program cannot create
    files. `stdin` and `stdout` may be descriptors of a pipe to another program; with PIPE as `stdin` the
    caller feeds the program. When the block ends, also by cancellation, the program is killed. Raises
    MachineUnfit when no process or file can be created.
    """
    written = [] if writable is None else [writable]
    try:
        for file in written:
            file.touch()
        process = await asyncio.create_subprocess_exec(
            *launch_command(command, limits, readable=[scratch, *readable], writable=written),
            stdin=stdin,
            stdout=stdout,
            stderr=asyncio.subprocess.PIPE,
            env=ENVIRONMENT,
            cwd=scratch,
            start_new_session=True,
        )
    except OSError as error:
        raise MachineUnfit(f"no program can be started: {error}") from error
    running = SandboxedProcess(process)
    try:
        yield running
    finally:
        await running.kill()


async def check_restrictions() -> dict[str, bool]:
    """Returns which of the launcher's named restrictions hold on this machine."""
    process = await asyncio.create_subprocess_exec(
        *launch_command(["--check"]),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        env=ENVIRONMENT,
    )
    async with asyncio.timeout(REAP_S):
        answer, _ = await process.communicate()
    return msgspec.json.decode(answer, type=dict[str, bool])
