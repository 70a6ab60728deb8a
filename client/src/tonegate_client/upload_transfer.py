"""Sends the bytes of a file or a stream to a resumable upload, from where the server has them."""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

import httpx

from tonegate_client.models import Options
from tonegate_client.problems import Problem, ServerUnreachable, TonegateError, unexpected
from tonegate_client.source_file import SourceFile
from tonegate_client.uploads import Uploads, UploadState

# An interrupted stream is repeated from memory.
STREAM_CHUNK_BYTES = 8 * 1024 * 1024
# Refusals after which the same bytes may be accepted: token expired, request timed out, offset differs,
# another writer is still there, server busy or away.
RESUMABLE = frozenset({401, 408, 409, 423, 429, 500, 502, 503, 504})

Progress = Callable[[int], None]
"""Called with the number of bytes that have been sent."""


def no_progress(sent: int) -> None:
    """Does nothing."""


class UploadGone(TonegateError):
    """The server has the upload no longer: it expired, or was deleted."""

    def __init__(self) -> None:
        super().__init__("The server has deleted the upload.")


@dataclass(frozen=True)
class UploadTransfer:
    uploads: Uploads

    async def send_file(self, upload_id: str, source: SourceFile, progress: Progress = no_progress) -> str:
        """Returns the id of the conversion that the upload has become.

        Raises UploadGone, SourceChanged, OSError, Problem, ServerUnreachable, NotSignedIn.
        """
        state = await self._state(upload_id)

        async def append(now: UploadState) -> UploadState:
            # Closed here: an interrupted request leaves its body open.
            async with aclosing(source.read(now.offset)) as pieces:
                body = counted(pieces, now.offset, progress)
                return await self.uploads.append(upload_id, now.offset, body, source.size - now.offset)

        while state.conversion_id is None:
            progress(state.offset)
            state = advanced(state, await self._persist(state, append))
        progress(source.size)
        return state.conversion_id

    async def send_stream(
        self,
        filename: bytes,
        options: Options,
        stream: AsyncIterable[bytes],
        key: str,
        progress: Progress = no_progress,
    ) -> str:
        """Sends a stream of unknown length in chunks; returns the id of its conversion."""
        state = await self.uploads.create(filename, options, None, key)
        async for chunk, is_last in _chunks(stream):
            start, end = state.offset, state.offset + len(chunk)
            total = end if is_last else None

            async def append(
                now: UploadState, chunk: bytes = chunk, start: int = start, total: int | None = total
            ) -> UploadState:
                rest = chunk[now.offset - start :]
                return await self.uploads.append(now.id, now.offset, _once(rest), len(rest), total)

            while state.offset < end or (is_last and state.conversion_id is None):
                state = advanced(state, await self._persist(state, append))
                progress(state.offset)
        if state.conversion_id is None:
            raise UploadGone
        return state.conversion_id

    async def _persist(
        self, state: UploadState, append: Callable[[UploadState], Awaitable[UploadState]]
    ) -> UploadState:
        """Appends until that succeeds once. Attempts are counted anew when bytes got through."""
        failures = 0
        while True:
            try:
                return await append(state)
            except (Problem, httpx.TransportError, ServerUnreachable) as error:
                failures += 1
                await self._pause(error, failures)
            now = await self._state(state.id)
            if now.conversion_id is not None:
                return now
            failures = 0 if now.offset > state.offset else failures
            state = now

    async def _pause(self, error: Exception, failures: int) -> None:
        """Raises the error when the bytes are not to be sent again."""
        if isinstance(error, Problem) and error.status in {404, 410}:
            raise UploadGone from error
        may_resume = not isinstance(error, Problem) or error.status in RESUMABLE
        await self.uploads.transport.pause(error, failures, may_repeat=may_resume)

    async def _state(self, upload_id: str) -> UploadState:
        try:
            return await self.uploads.state(upload_id)
        except Problem as problem:
            if problem.status in {404, 410}:
                raise UploadGone from problem
            raise


def advanced(before: UploadState, after: UploadState) -> UploadState:
    """Returns `after`. Raises Problem if nothing was stored, and the upload has become no conversion."""
    if after.conversion_id is None and after.offset <= before.offset:
        raise unexpected(204, "The server took the bytes and stored none.")
    return after


async def counted(pieces: AsyncIterable[bytes], start: int, progress: Progress) -> AsyncIterator[bytes]:
    sent = start
    async for piece in pieces:
        yield piece
        sent += len(piece)
        progress(sent)


async def _once(piece: bytes) -> AsyncIterator[bytes]:
    if piece:
        yield piece


async def _chunks(stream: AsyncIterable[bytes]) -> AsyncIterator[tuple[bytes, bool]]:
    """Joins the pieces of a stream into chunks of one size; the last one is marked, and may be empty."""
    buffer = bytearray()
    async for piece in stream:
        buffer += piece
        while len(buffer) > STREAM_CHUNK_BYTES:
            yield bytes(buffer[:STREAM_CHUNK_BYTES]), False
            del buffer[:STREAM_CHUNK_BYTES]
    yield bytes(buffer), True
