"""What one may do with conversions that are there: look, listen, delete. One's own only."""

from collections.abc import AsyncIterator, Mapping, Sequence

from msgspec import Struct

from converter_service.conversions.deletion import Deleting
from converter_service.conversions.model import Conversion, LeaseLost, State
from converter_service.conversions.owner import Owner
from converter_service.conversions.ports import BlobMissing, Blobs, ConversionStore
from converter_service.errors import NotReady
from shared.clock import Clock
from shared.errors import Gone, NotFound

WITHOUT_AUDIO: Mapping[State, str] = {
    State.UPLOADING: "The video is still being uploaded.",
    State.QUEUED: "The conversion has not begun yet.",
    State.CONVERTING: "The conversion is still under way.",
    State.FAILED: "The conversion failed, so there is no audio.",
    State.CANCELLED: "The conversion was cancelled, so there is no audio.",
}


class Audio(Struct, frozen=True):
    """A finished audio: its conversion, and where its bytes are."""

    conversion: Conversion
    blob_id: str
    size: int
    sha256: str
    format: str


class Conversions:
    """Every call but `public_audio` and `page_of_all` takes the owner: what belongs to someone else does not
    exist.
    """

    def __init__(self, store: ConversionStore, blobs: Blobs, clock: Clock) -> None:
        self._store = store
        self._blobs = blobs
        self._deleting = Deleting(store, blobs, clock)

    async def page(
        self, owner: Owner, status: State | None, before_id: str | None, limit: int
    ) -> Sequence[Conversion]:
        """Newest first."""
        return await self._store.page(owner.id, status, before_id, limit)

    async def page_of_all(
        self, owner_id: str | None, status: State | None, before_id: str | None, limit: int
    ) -> Sequence[Conversion]:
        """For administrators: of all owners, or of one. Newest first."""
        return await self._store.page(owner_id, status, before_id, limit)

    async def get(self, owner: Owner, conversion_id: str) -> Conversion:
        found = await self._existing(conversion_id)
        if found.owner_id != owner.id:
            raise NotFound
        return found

    async def delete(self, owner: Owner, conversion_id: str) -> None:
        """In every state. It is gone for everybody once the record says so."""
        await self.get(owner, conversion_id)
        try:
            await self._deleting.delete(conversion_id)
        except LeaseLost:
            raise NotFound from None

    async def audio(self, owner: Owner, conversion_id: str) -> Audio:
        """Raises NotReady before it is done and when it failed, Gone after it expired."""
        return _finished(await self.get(owner, conversion_id))

    async def public_audio(self, conversion_id: str) -> Audio:
        """For whoever holds a valid link."""
        return _finished(await self._existing(conversion_id))

    async def read(self, audio: Audio, first: int, end: int) -> AsyncIterator[bytes]:
        try:
            return await self._blobs.open(audio.blob_id, first, end)
        except BlobMissing:
            raise Gone("The audio has been deleted.") from None

    async def _existing(self, conversion_id: str) -> Conversion:
        """A part of an upload is no conversion."""
        found = await self._store.get(conversion_id)
        if found is None or found.deleted_at or (found.upload and found.upload.is_partial):
            raise NotFound
        return found


def _finished(conversion: Conversion) -> Audio:
    if conversion.status is State.EXPIRED:
        raise Gone("The audio has expired.")
    if conversion.status is not State.COMPLETED or conversion.result is None or conversion.audio_blob is None:
        raise NotReady(WITHOUT_AUDIO.get(conversion.status, ""))
    result = conversion.result
    return Audio(conversion, conversion.audio_blob, result.size, result.sha256, result.format)
