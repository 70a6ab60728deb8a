"""The bytes of one request on their way into a resumable upload: bounded, looked at, verified."""

import base64
import hashlib
from collections.abc import AsyncIterator
from typing import Protocol

from msgspec import Struct

from converter_service.uploads.sniffing import LOOK_BYTES, not_media
from shared.errors import ChecksumMismatch, ServiceError, TooLarge, UnsupportedMediaType

# What a client may announce; tus asks for sha1 at least.
ALGORITHMS = ("sha1", "sha256", "sha512", "md5")


class Checksum(Struct, frozen=True):
    """What the bytes of a request have to amount to. `algorithm` is one of ALGORITHMS."""

    algorithm: str
    digest: bytes


class Arriving(Protocol):
    """The body of a request."""

    def pieces(self) -> AsyncIterator[bytes]:
        """Once. Raises a ServiceError when the body breaks off."""

    @property
    def announced_size(self) -> int | None:
        """None when it was not said."""

    @property
    def checksum(self) -> Checksum | None: ...


class Stretch:
    """`room` is how many bytes the upload still lacks; `is_first`: they are the video's first ones."""

    def __init__(self, arriving: Arriving, *, room: int, is_first: bool) -> None:
        self._arriving = arriving
        self._room = room
        self._is_first = is_first
        self.broken: ServiceError | None = None
        """Why the body ended early, if it did. What came before is good all the same."""

    @property
    def verified(self) -> bool:
        """A checksum covers it: it counts as a whole or not at all."""
        return self._arriving.checksum is not None

    async def pieces(self) -> AsyncIterator[bytes]:
        """Ends quietly when the body breaks off, unless a checksum covers it: then nothing of it counts.

        Raises TooLarge, UnsupportedMediaType for what is certainly no media, ChecksumMismatch, and, with a
        checksum, what the body broke off with.
        """
        checksum, received = self._arriving.checksum, 0
        seen = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum else None
        async for piece in self._until_broken():
            if received == 0 and self._is_first and (found := not_media(piece[:LOOK_BYTES])):
                raise UnsupportedMediaType(f"This is {found}, not a video.")
            received += len(piece)
            if received > self._room:
                raise TooLarge("These are more bytes than the upload was announced to have.")
            if seen is not None:
                seen.update(piece)
            yield piece
        if checksum is not None and seen is not None:
            if self.broken is not None:
                raise self.broken
            if seen.digest() != checksum.digest:
                raise ChecksumMismatch(f"Their {checksum.algorithm} is {_text(seen.digest())}.")

    async def _until_broken(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._arriving.pieces():
                yield piece
        except ServiceError as broken:
            self.broken = broken


def _text(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
