"""The bytes of one request for a resumable upload: bounded, sniffed, verified against a checksum."""

import base64
from typing import Self

from msgspec import Struct

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

    def place(self, *, room: int, is_first: bool) -> None:
        """`room` is how many bytes the upload lacks; `is_first` that the chunk starts the video."""
        self._body.limit(room)
        self._is_first = is_first

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = await anext(self._body)
        except StopAsyncIteration:
            self._verify()
            raise
        except TooLarge:
            raise TooLarge("The request has more bytes than the upload lacks.") from None
        except ServiceError as broken:
            self.broken = broken
            if self.verified:
                raise
            raise StopAsyncIteration from None
        if self._is_first:
            self._is_first = False
            refuse_signature(piece)
        return piece

    def _verify(self) -> None:
        if self._checksum is not None and (found := self._body.digest()) != self._checksum.digest:
            text = base64.b64encode(found).decode()
            raise ChecksumMismatch(f"The {self._checksum.algorithm} of the bytes received is {text}.")
