"""npm's tus-js-client, alone or in Uppy, in a process that tests control."""

import asyncio
import json
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from devstack.node import NODE
from devstack.servers.environment import plain_environment
from tests.support.npm import installed
from tests.support.wait import PATIENCE_S

TUS_JS, UPPY = (Path(__file__).with_name(name) for name in ("tus_js", "uppy_js"))


class TusJs:
    def __init__(self, process: Process) -> None:
        self._process = process

    async def event(self, name: str) -> dict[str, Any]:
        """Returns the next event, which must have this name."""
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), PATIENCE_S)
        event: dict[str, Any] = json.loads(line)
        assert event["event"] == name, event
        return event

    def resume(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(b"go on\n")


@asynccontextmanager
async def tus_js(
    endpoint: str,
    token: str,
    file: Path,
    *,
    metadata: dict[str, str],
    pause_at: int = 0,
    chunk_size: int | None = None,
    parallel: int = 1,
    is_deferred: bool = False,
    program: Path = TUS_JS,
) -> AsyncIterator[TusJs]:
    """Starts an upload that pauses once, after `pause_at` bytes; with `is_deferred`, of a stream of unknown
    size.
    """
    folder = await asyncio.to_thread(installed, program)
    given = {
        "ENDPOINT": endpoint,
        "TOKEN": token,
        "FILE": str(file),
        "METADATA": json.dumps(metadata),
        "PAUSE_AT": str(pause_at),
        "CHUNK_SIZE": str(chunk_size or ""),
        "PARALLEL": str(parallel),
        "DEFERRED": "yes" if is_deferred else "",
    }
    process = await asyncio.create_subprocess_exec(
        str(NODE), str(folder / "upload.js"), env={**plain_environment(), **given}, stdin=PIPE, stdout=PIPE
    )
    try:
        yield TusJs(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
