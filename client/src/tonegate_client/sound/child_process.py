"""Programs that run as child processes: their output line by line, their complaints, their end."""

import asyncio
import contextlib
from asyncio import StreamReader
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Sequence
from pathlib import Path

from tonegate_client.sound.engine import EngineFailed

LONGEST_RUN_S = 3600.0
MOST_LINE_BYTES = 8 * 1024 * 1024
COMPLAINT_BYTES = 4096


async def read_lines(arguments: Sequence[str | Path], take: Callable[[bytes], None]) -> None:
    """Runs a program and passes each line of its output on. Raises EngineFailed if it failed, or wrote
    anything to standard error.
    """
    process = await asyncio.create_subprocess_exec(
        *arguments, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, limit=MOST_LINE_BYTES
    )
    complaints = asyncio.create_task(_beginning(process.stderr))
    try:
        await asyncio.wait_for(_take_all(process, process.stdout, take), LONGEST_RUN_S)
        complaint = await complaints
    except (asyncio.TimeoutError, ValueError) as error:
        raise EngineFailed(f"{Path(arguments[0]).name} took too long, or wrote too much") from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        complaints.cancel()
        await asyncio.gather(complaints, process.wait(), return_exceptions=True)
    if process.returncode != 0 or complaint:
        last = complaint.splitlines()[-1] if complaint else f"exit code {process.returncode}"
        raise EngineFailed(f"{Path(arguments[0]).name}: {last}")


async def _take_all(process: Process, stream: StreamReader | None, take: Callable[[bytes], None]) -> None:
    while stream is not None and (line := await stream.readline()):
        take(line)
    await process.wait()


async def _beginning(stream: StreamReader | None) -> str:
    """The beginning of a text; the rest is read and dropped."""
    kept = b""
    while stream is not None and (piece := await stream.read(COMPLAINT_BYTES)):
        kept = (kept + piece)[:COMPLAINT_BYTES]
    return kept.decode(errors="replace").strip()
