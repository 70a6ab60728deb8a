"""The command `tonegate` as a process, with folders for its state of its own."""

import asyncio
import json
import os
import sys
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


class TonegateCommand:
    """`home` gets the state and the credentials; `folder` is the current folder of each run."""

    def __init__(self, server: str, home: Path, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self._environment = {
            **{name: os.environ[name] for name in INHERITED if name in os.environ},
            "PYTHONPATH": str(REPOSITORY / "client/src"),
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
            *(sys.executable, "-m", "tonegate_client", *arguments),
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

    async def sign_in(self, email: str, password: str) -> None:
        await self.done("login", "--email", email, "--password-stdin", stdin=f"{password}\n".encode())
