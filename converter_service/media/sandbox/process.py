"""Runs one program tied up by `launcher.py`: bounded in time, memory and output, and gone when the block
ends.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from converter_service.media.sandbox.seccomp import seccomp_filter
from converter_service.media.transcoder import MachineUnfit
from shared.logs import get_logger

LAUNCHER = Path(__file__).resolve().with_name("launcher.py")
STDERR_TAIL_BYTES = 16 * 1024
READ_BYTES = 64 * 1024
REAP_S = 10.0
# Nothing of the worker's own environment, where its secrets are.
ENVIRONMENT = {"LC_ALL": "C", "AV_LOG_FORCE_NOCOLOR": "1", "PATH": "/usr/bin:/bin"}


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the kernel holds the program to. `file_bytes` bounds each file that it writes."""

    cpu_s: int
    memory_bytes: int
    file_bytes: int
    open_files: int = 64


class Exit(msgspec.Struct, frozen=True, kw_only=True):
    """How it ended: `code` is negative for a signal, `stderr` the last few KiB of what it complained
    about.
    """

    code: int
    stderr: str


class TooMuchOutput(Exception):
    """It printed more than it was allowed to."""


class Running:
    """A program that runs; only to be used inside `contained`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._tail = bytearray()
        self._draining = asyncio.create_task(self._drain())

    @property
    def pid(self) -> int:
        """Also the id of its process group."""
        return self._process.pid

    async def chunks(self) -> AsyncIterator[bytes]:
        """Its standard output until it closes that."""
        while chunk := await self._stdout.read(READ_BYTES):
            yield chunk

    async def lines(self) -> AsyncIterator[bytes]:
        """Standard output by whole lines, without their ends; TooMuchOutput for one of more than 64 KiB."""
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
        """All of standard output; TooMuchOutput beyond `at_most` bytes."""
        gathered = bytearray()
        async for chunk in self.chunks():
            gathered += chunk
            if len(gathered) > at_most:
                raise TooMuchOutput
        return bytes(gathered)

    async def ended(self) -> Exit:
        code = await self._process.wait()
        await self._draining
        return Exit(code=code, stderr=self._tail.decode("utf-8", "replace"))

    async def end(self) -> None:
        """Kill its whole group, wait for it, let go of its pipes."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        try:
            async with asyncio.timeout(REAP_S):
                await self._process.wait()
        except TimeoutError:
            # Stuck in the kernel, most likely on a disk. Nothing can be done about it from here.
            get_logger(__name__).error("a program would not die", pid=self.pid)
        finally:
            self._draining.cancel()
            await asyncio.gather(self._draining, return_exceptions=True)

    @property
    def _stdout(self) -> asyncio.StreamReader:
        if self._process.stdout is None:
            raise RuntimeError("standard output is a pipe")
        return self._process.stdout

    async def _drain(self) -> None:
        """Read complaints for as long as there are any, or their pipe fills up and the program stops; keep
        few.
        """
        if self._process.stderr is None:
            raise RuntimeError("standard error is a pipe")
        while chunk := await self._process.stderr.read(READ_BYTES):
            self._tail += chunk
            del self._tail[:-STDERR_TAIL_BYTES]


@asynccontextmanager
async def contained(
    command: Sequence[str],
    limits: Limits,
    *,
    readable: Sequence[Path] = (),
    writable: Path | None = None,
    scratch: Path,
) -> AsyncIterator[Running]:
    """Start `command` (its first word an absolute path) in `scratch`, which it can read.

    The one file that it can write is made for it, if need be: it can make none itself. However the block is
    left, also by cancellation, the program and all it started are dead afterwards. Raises
    MachineUnfit when the machine has no process or no room to spare.
    """
    written = [] if writable is None else [writable]
    policy = {
        "parent": os.getpid(),
        "limits": msgspec.to_builtins(limits),
        **_bounds(readable=[scratch, *readable], writable=written),
    }
    try:
        for file in written:
            file.touch()
        process = await asyncio.create_subprocess_exec(
            *_launcher(policy),
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=ENVIRONMENT,
            cwd=scratch,
            start_new_session=True,
        )
    except OSError as error:
        raise MachineUnfit(f"no program can be started: {error}") from error
    running = Running(process)
    try:
        yield running
    finally:
        await running.end()


async def bonds() -> dict[str, bool]:
    """Which of `launcher.py`'s bonds hold on this machine, by name."""
    process = await asyncio.create_subprocess_exec(
        *_launcher(_bounds(readable=[], writable=[])),
        "--check",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        env=ENVIRONMENT,
    )
    async with asyncio.timeout(REAP_S):
        answer, _ = await process.communicate()
    return msgspec.json.decode(answer, type=dict[str, bool])


def _launcher(policy: Mapping[str, object]) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", str(LAUNCHER), msgspec.json.encode(policy).decode())


def _bounds(*, readable: Sequence[Path], writable: Sequence[Path]) -> dict[str, object]:
    # A 32-bit program on a 64-bit kernel has other numbers.
    machine = os.uname().machine if sys.maxsize > 2**32 else ""
    return {
        "readable": [str(path) for path in readable],
        "writable": [str(path) for path in writable],
        "calls": seccomp_filter(machine),
    }
