"""Admission of a new conversion: its record is stored, unless its key or the quota speaks against it."""

from dataclasses import dataclass

from converter_service.conversions.model import Conversion
from converter_service.conversions.quota import Quota
from converter_service.uploads.abort import AbortedUploads
from converter_service.uploads.idempotency import IdempotencyKeys
from shared.errors import ServiceError


@dataclass(frozen=True)
class Admission:
    keys: IdempotencyKeys
    quota: Quota
    aborted: AbortedUploads

    async def admit(self, new: Conversion) -> Conversion | None:
        """Stores the record; or returns the earlier conversion with the same key.

        Raises UploadInProgress, and RateLimited and TooLarge by the quota, which leave nothing behind.
        """
        async with self.quota.account_lock(new.owner_id):
            earlier = await self.keys.add(new)
            if earlier is not None:
                return earlier
            try:
                await self.quota.check_stored(new)
            except ServiceError:
                await self.aborted.discard(new)
                raise
        return None
