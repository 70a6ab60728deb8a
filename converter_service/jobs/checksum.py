"""CRC-32 of a stream, which archives need before its first byte."""

import zlib
from collections.abc import AsyncIterator


class Checksum:
    """CRC-32 of the pieces that have passed through `of`."""

    def __init__(self) -> None:
        self.crc32 = 0

    async def of(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for piece in pieces:
            self.crc32 = zlib.crc32(piece, self.crc32)
            yield piece
