"""Planted defects of blobs and conversions: not deleted, truncated, or never finished."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from pathlib import Path

from converter_service.conversions.blobs import Stored
from converter_service.media.ffmpeg.transcoder import FFmpegTranscoder
from converter_service.media.media_info import MediaInfo
from converter_service.media.options import Options
from converter_service.media.transcoder import Output, Progress
from converter_service.storage.gridfs import GridFSBlobs

HANGS_ONE_IN = 3


def never_delete() -> None:
    """Blobs of crashed runs are never deleted."""

    async def kept(self: GridFSBlobs, blob_id: str) -> None:
        return

    GridFSBlobs.delete = kept  # type: ignore[method-assign]


def store_half() -> None:
    """Workers store half of each blob and report its full size and digest."""
    write = GridFSBlobs.write

    async def halved(self: GridFSBlobs, blob_id: str, chunks: AsyncIterator[bytes]) -> Stored:
        whole = b"".join([chunk async for chunk in chunks])

        async def half() -> AsyncIterator[bytes]:
            yield whole[: len(whole) // 2]

        await write(self, blob_id, half())
        return Stored(size=len(whole), sha256=hashlib.sha256(whole).hexdigest())

    GridFSBlobs.write = halved  # type: ignore[method-assign]


def never_come_to_an_end() -> None:
    """Some conversions never end, while their workers renew the lease."""
    convert = FFmpegTranscoder.convert

    async def hung(
        self: FFmpegTranscoder,
        source: Path,
        info: MediaInfo,
        options: Options,
        target: Path,
        on_progress: Progress,
    ) -> Output:
        if random.randrange(HANGS_ONE_IN) == 0:
            await asyncio.Event().wait()
        return await convert(self, source, info, options, target, on_progress)

    FFmpegTranscoder.convert = hung  # type: ignore[method-assign]
