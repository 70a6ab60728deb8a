"""Downloads the audio of a conversion: resumed where it broke off, checked against its SHA-256."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from tonegate_client.conversions import path_of
from tonegate_client.models import Audio
from tonegate_client.part_file import PartFile, part_file
from tonegate_client.problems import DigestMismatch, unexpected
from tonegate_client.transport import Request, Transport

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
        with part_file(target, conversion_id) as part:
            for is_last in (False, True):
                await self._complete(conversion_id, audio, part, progress)
                if await asyncio.to_thread(part.digest) == audio.sha256:
                    break
                # Also a part that a power failure left with blocks of zeros: once more, from the start.
                part.clear()
                if is_last:
                    raise DigestMismatch(
                        "The received audio is damaged: its SHA-256 differs from the server's."
                    )
            part.become(target)

    async def save_archive(self, conversion_ids: Sequence[str], target: Path) -> None:
        """Writes the audio of up to 100 conversions to `target` as a ZIP, which appears complete or not at
        all; an existing file is replaced. Raises OSError, Problem, ServerUnreachable, NotSignedIn, and
        httpx.TransportError when the connection breaks in the middle.
        """
        request = Request("GET", "v1/conversions/archive", query={"ids": ",".join(conversion_ids)})
        with part_file(target, "archive") as part:
            part.clear()
            try:
                async with self.transport.open(request) as response:
                    async for piece in response.aiter_raw():
                        await asyncio.to_thread(part.write, piece)
                await asyncio.to_thread(part.sync)
                part.become(target)
            except BaseException:
                part.discard()
                raise

    async def _complete(
        self, conversion_id: str, audio: Audio, part: PartFile, progress: Progress | None
    ) -> None:
        if part.size > audio.size:
            part.clear()
        failures, received = 0, part.size
        while received < audio.size:
            before = received
            failure: Exception | None = None
            try:
                await self._append(conversion_id, audio, part, received, progress)
            except httpx.TransportError as error:
                failure = error
            received = part.size
            if received > before:
                failures = 0
            elif failure is None:
                failure = unexpected(200, "The server sent less than the audio.")
            if failure is not None:
                failures += 1
                await self.transport.pause(failure, failures)

    async def _append(
        self, conversion_id: str, audio: Audio, part: PartFile, start: int, progress: Progress | None
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
            if not continues:
                part.clear()
            received = start if continues else 0
            # Pieces as they arrive: larger ones would be lost with the connection.
            async for piece in response.aiter_raw():
                received += len(piece)
                if received > audio.size:
                    raise unexpected(response.status_code, "The server sent more than the audio.")
                await asyncio.to_thread(part.write, piece)
                if progress is not None:
                    progress(received)
            await asyncio.to_thread(part.sync)
