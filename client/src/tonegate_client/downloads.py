"""Downloads the audio of a conversion: resumed where it broke off, checked against its SHA-256."""

import asyncio
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from tonegate_client.conversions import path_of
from tonegate_client.models import Audio
from tonegate_client.problems import DigestMismatch, Problem
from tonegate_client.transport import Request, Transport

PIECE_BYTES = 1024 * 1024
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Downloads:
    transport: Transport

    async def save(
        self, conversion_id: str, audio: Audio, target: Path, progress: Progress | None = None
    ) -> None:
        """Writes the audio to `target`, which appears complete or not at all; an existing file is replaced.

        What arrives is kept beside it in a file `.tonegate-<id>.part`, also after a crash, and continued by
        the next call. Raises DigestMismatch, OSError, Problem, ServerUnreachable, NotSignedIn.
        """
        part = part_of(target, conversion_id)
        for is_last in (False, True):
            await self._complete(conversion_id, audio, part, progress)
            if await asyncio.to_thread(digest_of, part) == audio.sha256:
                break
            # Also a part that a power failure left with blocks of zeros: once more, from the start.
            part.unlink()
            if is_last:
                raise DigestMismatch("The received audio is damaged: its SHA-256 differs from the server's.")
        part.replace(target)

    async def _complete(
        self, conversion_id: str, audio: Audio, part: Path, progress: Progress | None
    ) -> None:
        failures, received = 0, await asyncio.to_thread(_prepare, part, audio.size)
        while received < audio.size:
            try:
                await self._append(conversion_id, audio, part, received, progress)
            except httpx.TransportError as error:
                now = _size_of(part)
                failures = 1 if now > received else failures + 1
                await self.transport.pause(error, failures)
            received = _size_of(part)

    async def _append(
        self, conversion_id: str, audio: Audio, part: Path, start: int, progress: Progress | None
    ) -> None:
        """Receives the bytes from `start` on, or all if the server does not continue there."""
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers |= {"Range": f"bytes={start}-", "If-Range": f'"{audio.sha256}"'}
        request = Request("GET", f"{path_of(conversion_id)}/audio", headers=headers)
        async with self.transport.open(request) as response:
            continues = response.status_code == 206
            if continues and not response.headers.get("content-range", "").startswith(f"bytes {start}-"):
                raise Problem(status=206, code="unexpected_response", detail="The server sent another range.")
            received = start if continues else 0
            with part.open("ab" if continues else "wb") as file:
                # Pieces as they arrive: larger ones would be lost with the connection.
                async for piece in response.aiter_raw():
                    await asyncio.to_thread(file.write, piece)
                    received += len(piece)
                    if progress is not None:
                        progress(received)
                await asyncio.to_thread(_flush, file.fileno(), file.flush)


def part_of(target: Path, conversion_id: str) -> Path:
    """Where an incomplete download is kept: a short name, because that of the target may have 255 bytes."""
    return target.parent / f".tonegate-{conversion_id}.part"


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _flush(descriptor: int, flush: Callable[[], None]) -> None:
    flush()
    os.fsync(descriptor)


def _prepare(part: Path, most: int) -> int:
    """Makes the file if it is missing, empties one that is too long, and returns its size."""
    received = _size_of(part)
    with part.open("ab" if received <= most else "wb") as file:
        return file.tell()


def _size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
