"""The bytes of one request for a resumable upload: bounded, sniffed, verified against a checksum."""

import base64
from typing import Self

from msgspec import Struct

from converter_service.conversions.quota import Meter
from converter_service.uploads.body_reader import BodyReader
from converter_service.uploads.source import refuse_signature
from shared.errors import ChecksumMismatch, ServiceError, TooLarge

# Algorithms for Upload-Checksum, by their names in hashlib; tus asks for sha1 at least.
ALGORITHMS = ("sha1", "sha256", "sha512", "md5")


class Checksum(Struct, frozen=True):
    """The expected digest of a request's body. `algorithm` is one of ALGORITHMS."""

    algorithm: str
    digest: bytes


class UploadChunk:
    """Asynchronous iterator over the body of a request that appends to an upload.

    Ends early when the body breaks off: what was received by then counts, and `broken` has the error. With a
    checksum the chunk counts as a whole or not at all, so that error is raised.

    Raises TooLarge, UnsupportedMediaType when the video's first bytes are no media, and ChecksumMismatch.
    """

    def __init__(self, body: BodyReader, checksum: Checksum | None = None) -> None:
        self._body = body
        self._checksum = checksum
        self._is_first = False
        self._beyond = ""
        self._meter: Meter | None = None
        self._offset = 0
        self.broken: ServiceError | None = None
        if checksum is not None:
            body.digest_with(checksum.algorithm)

    @property
    def announced_size(self) -> int | None:
        """In bytes; None when it was not declared."""
        return self._body.declared_length

    @property
    def verified(self) -> bool:
        """Whether a checksum covers the chunk."""
        return self._checksum is not None

    def place(self, *, room: int, is_first: bool, beyond: str) -> None:
        """`room` is how many bytes may follow, `beyond` says why more are refused; `is_first` that the chunk
        starts the video.
        """
        self._body.limit(room)
        self._is_first, self._beyond = is_first, beyond

    def meter(self, meter: Meter, offset: int) -> None:
        """Makes the chunk await `meter` with the size of the upload, which is `offset` without the chunk."""
        self._meter = meter
        self._offset = offset

    async def require_empty(self, reason: str) -> None:
        """Reads a body that may have no bytes, such as the last one of a stream of unknown length.

        Raises TooLarge with `reason` at the first byte, and the error that the body broke off with.
        """
        if self.announced_size:
            raise TooLarge(reason)
        self.place(room=0, is_first=False, beyond=reason)
        async for _ in self:
            pass
        if self.broken is not None:
            raise self.broken

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = await anext(self._body)
        except StopAsyncIteration:
            self._verify()
            raise
        except TooLarge:
            raise TooLarge(self._beyond) from None
        except ServiceError as broken:
            self.broken = broken
            if self.verified:
                raise
            raise StopAsyncIteration from None
        if self._is_first:
            self._is_first = False
            refuse_signature(piece)
        if self._meter is not None:
            await self._meter(self._offset + self._body.size)
        return piece

    def _verify(self) -> None:
        if self._checksum is not None and (found := self._body.digest()) != self._checksum.digest:
            text = base64.b64encode(found).decode()
            raise ChecksumMismatch(f"The {self._checksum.algorithm} of the bytes received is {text}.")
