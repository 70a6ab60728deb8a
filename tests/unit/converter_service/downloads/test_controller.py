"""Audio is sent in small pieces, because the server buffers many for a slow client."""

import random
from collections.abc import AsyncIterator

from converter_service.downloads.controller import PIECE_BYTES, split_pieces

AUDIO = random.Random(3).randbytes(5 * PIECE_BYTES + 7)


async def large() -> AsyncIterator[bytes]:
    for start, end in ((0, 3 * PIECE_BYTES), (3 * PIECE_BYTES, 3 * PIECE_BYTES + 1)):
        yield AUDIO[start:end]
    yield AUDIO[3 * PIECE_BYTES + 1 :]


async def test_pieces_are_small_and_complete() -> None:
    small = [piece async for piece in split_pieces(large())]
    assert b"".join(small) == AUDIO
    assert max(map(len, small)) == PIECE_BYTES
