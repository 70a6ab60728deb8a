"""The command `tonegate` as a process, with folders for its state of its own."""

import asyncio
import contextlib
import fcntl
import json
import os
import pty
import struct
import sys
import termios
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devstack.home import REPOSITORY
from tests.support.wait import PATIENCE_S

INHERITED = ("PATH", "LANG", "LC_ALL", "HOME")


@dataclass(frozen=True)
class Finished:
    """A process that has ended."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def records(self) -> list[Any]:
        """The lines of `--json`."""
        return [json.loads(line) for line in self.stdout.splitlines()]


class Terminal:
    """A terminal with a running command; what is written to it is read all the time."""

    def __init__(self, process: Process, master: int) -> None:
        self.process = process
        self.screen = bytearray()
        self._master = master
        self._reader = asyncio.create_task(asyncio.to_thread(self._read))

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    async def ended(self) -> int:
        """The exit code."""
        return await asyncio.wait_for(self.process.wait(), PATIENCE_S)

    async def close(self) -> None:
        """Waits for the last output, after the process has ended."""
        await self._reader
        os.close(self._master)

    def _read(self) -> None:
        # Linux reports EIO once no process has the terminal.
        with contextlib.suppress(OSError):
            while piece := os.read(self._master, 65536):
                self.screen += piece


def take_terminal() -> None:
    """Makes standard input the terminal that controls the process, so that Ctrl-C reaches it."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class TonegateCommand:
    """`home` gets the state and the credentials; `folder` is the current folder of each run."""

    def __init__(self, server: str, home: Path, folder: Path, program: Path | None = None) -> None:
        """`program` is an installed command, by default that of the repository."""
        self.server = server
        self.folder = folder
        self._program = (sys.executable, "-m", "tonegate_client") if program is None else (str(program),)
        self._environment = {
            **{name: os.environ[name] for name in INHERITED if name in os.environ},
            **({"PYTHONPATH": str(REPOSITORY / "client/src")} if program is None else {}),
            "TONEGATE_CONFIG_DIR": str(home / "config"),
            "TONEGATE_STATE_DIR": str(home / "state"),
            "TONEGATE_SERVER": server,
        }

    async def run(self, *arguments: str | bytes, stdin: bytes = b"", **environment: str) -> Finished:
        async with self.start(*arguments, **environment) as process:
            out, err = await asyncio.wait_for(process.communicate(stdin), PATIENCE_S)
            assert process.returncode is not None
            return Finished(process.returncode, out, err.decode(errors="replace"))

    async def done(self, *arguments: str | bytes, stdin: bytes = b"") -> Finished:
        """Like `run`, for a command that must succeed."""
        finished = await self.run(*arguments, stdin=stdin)
        assert finished.code == 0, f"{arguments}: {finished.code} {finished.stderr}"
        return finished

    async def json(self, *arguments: str | bytes) -> Any:
        """The one record that a command with `--json` writes."""
        (record,) = (await self.done(*arguments, "--json")).records
        return record

    @asynccontextmanager
    async def start(self, *arguments: str | bytes, **environment: str) -> AsyncIterator[Process]:
        """Yields the running command, which is killed afterwards."""
        process = await asyncio.create_subprocess_exec(
            *(*self._program, *arguments),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env={**self._environment, **environment},
            cwd=self.folder,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()

    @asynccontextmanager
    async def start_in_terminal(self, *arguments: str | bytes, **environment: str) -> AsyncIterator[Terminal]:
        """Yields the command, which has a terminal for all its streams, and is killed afterwards."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 120, 0, 0))
        process = await asyncio.create_subprocess_exec(
            *(*self._program, *arguments),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={"TERM": "xterm-256color", **self._environment, **environment},
            cwd=self.folder,
            start_new_session=True,
            preexec_fn=take_terminal,
        )
        os.close(slave)
        terminal = Terminal(process, master)
        try:
            yield terminal
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            await terminal.close()

    async def sign_in(self, email: str, password: str) -> None:
        await self.done("login", "--email", email, "--password-stdin", stdin=f"{password}\n".encode())
