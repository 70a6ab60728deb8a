"""Reading and deleting conversions, and access to their audio."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct

from converter_service.conversions.blobs import BlobMissing, Blobs
from converter_service.conversions.cleanup import Cleanup
from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import Conversion, State
from converter_service.conversions.ports import ConversionStore
from converter_service.conversions.result_details import ResultDetails, read_details
from converter_service.conversions.signed_links import INVALID
from converter_service.errors import NotReady
from shared.clock import Clock
from shared.errors import Gone, NotFound, Unauthenticated
from shared.identity.principal import Principal

WITHOUT_AUDIO: Mapping[State, str] = {
    State.UPLOADING: "The video is still being uploaded.",
    State.QUEUED: "The conversion is still queued.",
    State.CONVERTING: "The conversion is still running.",
    State.FAILED: "The conversion failed, so there is no audio.",
    State.CANCELLED: "The conversion was cancelled, so there is no audio.",
}


class Audio(Struct, frozen=True):
    """The audio of a completed conversion: `size` in bytes, `sha256` in hex."""

    conversion: Conversion
    blob_id: str
    size: int
    sha256: str
    format: str
    crc32: int | None = None


@dataclass(frozen=True)
class Conversions:
    """Calls with an owner raise NotFound for a conversion of another owner."""

    store: ConversionStore
    blobs: Blobs
    cleanup: Cleanup
    clock: Clock

    async def page(
        self,
        owner_id: str | None,
        status: State | None,
        before_id: str | None,
        limit: int,
        name: str | None = None,
    ) -> Sequence[Conversion]:
        """Conversions of one owner, or of all (None, for administrators), newest first."""
        return await self.store.page(owner_id, status, before_id, limit, name)

    async def get(self, owner: Principal, conversion_id: str) -> Conversion:
        found = await self._existing(conversion_id)
        if found.owner_id != owner.user_id:
            raise NotFound
        return found

    async def delete(self, owner: Principal, conversion_id: str) -> None:
        """Deletes a conversion in any state: invisible at once, its blobs are deleted soon after."""
        await self._delete(owner, conversion_id, self.cleanup.delete)

    async def delete_later(self, owner: Principal, conversion_id: str) -> None:
        """As `delete`, but does not wait for the blobs: for several conversions at once."""
        await self._delete(owner, conversion_id, self.cleanup.delete_later)

    async def _delete(
        self, owner: Principal, conversion_id: str, delete: Callable[[str, datetime], Awaitable[None]]
    ) -> None:
        await self.get(owner, conversion_id)
        try:
            await delete(conversion_id, self.clock())
        except LeaseLost:
            raise NotFound from None

    async def audio(self, owner: Principal, conversion_id: str) -> Audio:
        """Raises NotReady unless it has completed, Gone after it has expired."""
        return _finished(await self.get(owner, conversion_id))

    async def details(self, owner: Principal, conversion_id: str) -> ResultDetails:
        """The waveform and the chapters of the audio, which results of earlier versions lack. Raises NotReady
        unless it has completed, Gone after it has expired.
        """
        found = (await self.audio(owner, conversion_id)).conversion
        if found.details_blob is None:
            return ResultDetails()
        try:
            return await read_details(self.blobs, found.details_blob)
        except BlobMissing:
            raise Gone("The audio has been deleted.") from None

    async def public_audio(self, conversion_id: str, links_ended: int) -> Audio:
        """For the holder of a signed link that was made when links had been ended `links_ended` times. Raises
        Unauthenticated once they have been ended again.
        """
        found = await self._existing(conversion_id)
        if found.links_ended != links_ended:
            raise Unauthenticated(INVALID)
        return _finished(found)

    async def read(self, audio: Audio, first: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `first` up to, not including, `end`. Raises Gone when the audio is deleted."""
        try:
            return await self.blobs.open(audio.blob_id, first, end)
        except BlobMissing:
            raise Gone("The audio has been deleted.") from None

    async def _existing(self, conversion_id: str) -> Conversion:
        """Raises NotFound, also for a partial upload."""
        found = await self.store.get(conversion_id)
        if found is None or found.deleted_at or (found.upload and found.upload.is_partial):
            raise NotFound
        return found


def _finished(conversion: Conversion) -> Audio:
    if conversion.status is State.EXPIRED:
        raise Gone("The audio has expired.")
    if conversion.status is not State.COMPLETED or conversion.result is None or conversion.audio_blob is None:
        raise NotReady(WITHOUT_AUDIO.get(conversion.status, ""))
    result = conversion.result
    return Audio(conversion, conversion.audio_blob, result.size, result.sha256, result.format, result.crc32)
