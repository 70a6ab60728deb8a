"""Downloads the audio of a conversion: resumed where it broke off, checked against its SHA-256."""

import asyncio
import hashlib
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from tonegate_client.conversions import path_of
from tonegate_client.models import Audio
from tonegate_client.problems import DigestMismatch, unexpected
from tonegate_client.transport import Request, Transport

PIECE_BYTES = 1024 * 1024
# Of an id that the server or the user gave, what could lead to another folder.
NOT_IN_AN_ID, MAX_ID = re.compile(r"[^A-Za-z0-9_-]"), 64
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

    async def save_archive(self, conversion_ids: Sequence[str], target: Path) -> None:
        """Writes the audio of up to 100 conversions to `target` as a ZIP, which appears complete or not at
        all; an existing file is replaced. Raises OSError, Problem, ServerUnreachable, NotSignedIn, and
        httpx.TransportError when the connection breaks in the middle.
        """
        part = part_of(target, "archive")
        request = Request("GET", "v1/conversions/archive", query={"ids": ",".join(conversion_ids)})
        try:
            async with self.transport.open(request) as response:
                with part.open("wb") as file:
                    async for piece in response.aiter_raw():
                        await asyncio.to_thread(file.write, piece)
                    await asyncio.to_thread(_flush, file.fileno(), file.flush)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)

    async def _complete(
        self, conversion_id: str, audio: Audio, part: Path, progress: Progress | None
    ) -> None:
        failures, received = 0, await asyncio.to_thread(_prepare, part, audio.size)
        while received < audio.size:
            before = received
            failure: Exception | None = None
            try:
                await self._append(conversion_id, audio, part, received, progress)
            except httpx.TransportError as error:
                failure = error
            received = _size_of(part)
            if received > before:
                failures = 0
            elif failure is None:
                failure = unexpected(200, "The server sent less than the audio.")
            if failure is not None:
                failures += 1
                await self.transport.pause(failure, failures)

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
                raise unexpected(206, "The server sent another range.")
            received = start if continues else 0
            with part.open("ab" if continues else "wb") as file:
                # Pieces as they arrive: larger ones would be lost with the connection.
                async for piece in response.aiter_raw():
                    received += len(piece)
                    if received > audio.size:
                        raise unexpected(response.status_code, "The server sent more than the audio.")
                    await asyncio.to_thread(file.write, piece)
                    if progress is not None:
                        progress(received)
                await asyncio.to_thread(_flush, file.fileno(), file.flush)


def part_of(target: Path, conversion_id: str) -> Path:
    """Where an incomplete download is kept: a short name, because that of the target may have 255 bytes."""
    return target.parent / f".tonegate-{NOT_IN_AN_ID.sub('_', conversion_id)[:MAX_ID]}.part"


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
