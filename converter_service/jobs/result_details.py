"""Storage of a result's details in a run. A conversion never fails for them: it is complete without."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec

from converter_service.conversions.blobs import BlobMissing, Blobs
from converter_service.conversions.model import Conversion
from converter_service.conversions.result_details import (
    MAX_BYTES,
    ResultDetails,
    encode_details,
    read_details,
)
from converter_service.jobs.context import RunContext
from converter_service.jobs.retry_policy import retry_unavailable
from shared.errors import Unavailable
from shared.logs import get_logger

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DetailsWriter:
    blobs: Blobs

    async def store(self, run: RunContext, details: ResultDetails) -> None:
        """Stores them in the run's blob for details; leaves none without any, and while the store is away."""
        content = encode_details(details)
        if details == ResultDetails() or len(content) > MAX_BYTES:
            return
        run.unwritten = None
        try:
            await self._write(run.details_id, content)
        except Unavailable:
            log.warning("details of the result not stored", conversion_id=run.id)
            return
        run.details_blob = run.details_id

    async def copy(self, run: RunContext, earlier: Conversion) -> None:
        """Stores those of an earlier conversion with the same result, if it still has them."""
        if earlier.details_blob is None:
            return
        try:
            details = await read_details(self.blobs, earlier.details_blob)
        except (BlobMissing, Unavailable, msgspec.MsgspecError):
            log.warning("details of the earlier result not copied", conversion_id=run.id)
            return
        await self.store(run, details)

    @retry_unavailable
    async def _write(self, blob_id: str, content: bytes) -> None:
        await self.blobs.delete(blob_id)
        await self.blobs.write(blob_id, _once(content))


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
