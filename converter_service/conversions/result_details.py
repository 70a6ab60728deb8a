"""Details of a result that only a player needs: its waveform and its chapters, stored as a blob.

They are not in the record: that is sent whole with every change of it.
"""

import msgspec

from converter_service.conversions.blobs import Blobs
from converter_service.media.media_info import Chapter
from converter_service.media.waveform import Waveform

# The waveform of twelve hours has 864,000 bytes, 255 chapters at most 215,000.
MAX_BYTES = 4 * 1024 * 1024


class ResultDetails(msgspec.Struct, frozen=True):
    """`waveform` is None if none could be made."""

    waveform: Waveform | None = None
    chapters: tuple[Chapter, ...] = ()


def encode_details(details: ResultDetails) -> bytes:
    return msgspec.msgpack.encode(details)


async def read_details(blobs: Blobs, blob_id: str) -> ResultDetails:
    """Raises BlobMissing, Unavailable, and msgspec.MsgspecError for other content."""
    pieces = [piece async for piece in await blobs.open(blob_id, 0, MAX_BYTES)]
    return msgspec.msgpack.decode(b"".join(pieces), type=ResultDetails)
