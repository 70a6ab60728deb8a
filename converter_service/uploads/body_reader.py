"""The body of an upload request, read as it arrives: counted, bounded, digested, with an idle deadline."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Self

from converter_service.errors import UploadBroken
from converter_service.uploads.body_frame import Framing
from shared.errors import ClientDisconnected, InvalidRequest, RequestTimeout, TooLarge


class BodyReader:
    """Asynchronous iterator over the video in a request body; its pieces are as large as they arrive.

    Reads no faster than it is consumed. Raises ClientDisconnected when the connection closes early (RFC 9112
    §8), RequestTimeout when nothing arrives for `idle_timeout`, TooLarge beyond `max_bytes`, UploadBroken
    when the body is not `declared_length` bytes long, and what the framing and the meter raise.
    """

    def __init__(
        self,
        receive: Callable[[], Awaitable[Mapping[str, Any]]],
        *,
        idle_timeout: timedelta,
        max_bytes: int,
        declared_length: int | None = None,
    ) -> None:
        self._receive = receive
        self._idle_s = idle_timeout.total_seconds()
        self._max_bytes = max_bytes
        self._framing = Framing()
        self._digest: hashlib._Hash | None = None
        self._unread: Iterator[bytes] = iter(())
        self._head = b""
        self._complete = self._failed = False
        self.declared_length = declared_length
        self.size = 0
        """How many bytes of the video have been read."""
        self.meter: Callable[[int], Awaitable[None]] | None = None
        """Awaited with `size` before each piece is handed out."""

    def limit(self, max_bytes: int) -> None:
        """Lowers the bound on the video's size."""
        self._max_bytes = min(self._max_bytes, max_bytes)

    def frame(self, framing: Framing) -> None:
        """Makes `framing` find the video in the body."""
        self._framing = framing

    def digest_with(self, algorithm: str) -> None:
        """Starts a digest of all pieces handed out from now on; `algorithm` as in hashlib."""
        self._digest = hashlib.new(algorithm, usedforsecurity=False)

    def digest(self) -> bytes:
        """The digest of the pieces handed out since `digest_with`."""
        return self._digest.digest() if self._digest else b""

    async def read_envelope(self) -> None:
        """Reads what precedes the video; reads nothing of a body that has no framing."""
        while not self._framing.at_video:
            if await self._next_piece() is None:
                return

    async def peek(self, size: int) -> bytes:
        """Returns at least the first `size` bytes, or all when the video is shorter, without consuming them.

        To be called before the iteration.
        """
        while len(self._head) < size and (piece := await self._next_piece()) is not None:
            self._head += piece
        return self._head

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        head, self._head = self._head, b""
        piece: bytes | None = head
        while not piece:
            piece = await self._next_piece()
            if piece is None:
                raise StopAsyncIteration
        if self._digest is not None:
            self._digest.update(piece)
        if self.meter is not None:
            await self.meter(self.size)
        return piece

    async def _next_piece(self) -> bytes | None:
        """The next bytes of the video, perhaps none; None at the end of the body."""
        while (piece := next(self._unread, None)) is None:
            if self._complete:
                self._check_end()
                return None
            received = await self._receive_body()
            arrived = self._framing.envelope_bytes + self.size + len(received)
            self._check_size(arrived, self._framing.envelope_limit)
            self._unread = self._framing.feed(received)
        self.size += len(piece)
        self._check_size(self.size)
        return piece

    async def _receive_body(self) -> bytes:
        """The next piece of the body. After an error or a cancellation nothing more can be received."""
        if self._failed:
            raise ClientDisconnected("The body was not received completely.")
        self._failed = True
        try:
            async with asyncio.timeout(self._idle_s):
                event = await self._receive()
        except TimeoutError:
            raise RequestTimeout("Nothing arrived for too long.") from None
        if event["type"] == "http.disconnect":
            raise ClientDisconnected("The connection closed before the body was complete.")
        if event["type"] != "http.request":
            raise InvalidRequest("The request is not valid.")
        self._failed, self._complete = False, not event.get("more_body", False)
        body: bytes = event["body"]
        return body

    def _check_size(self, size: int, envelope_limit: int = 0) -> None:
        if size > self._max_bytes + envelope_limit:
            raise TooLarge(f"At most {self._max_bytes} bytes are accepted here.")

    def _check_end(self) -> None:
        if self.declared_length not in {None, self._framing.envelope_bytes + self.size}:
            raise UploadBroken("The length of the body differs from its Content-Length.")
        self._framing.close()
