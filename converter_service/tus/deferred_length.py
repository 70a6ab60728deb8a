"""The length of an upload that was created without one (tus 1.0.0, creation-defer-length)."""

from dataclasses import dataclass

from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import Conversion
from converter_service.conversions.ports import ConversionStore
from converter_service.conversions.quota import Quota
from converter_service.conversions.transitions.resumable import length_declared, upload_of
from converter_service.conversions.update import change
from converter_service.tus.header_fields import invalid_field
from converter_service.tus.limits import ResumableLimits
from converter_service.tus.writer_lock import WriterLock
from shared.clock import Clock
from shared.errors import Gone

FIELD = "Upload-Length"


@dataclass(frozen=True, slots=True)
class DeferredLength:
    store: ConversionStore
    lock: WriterLock
    quota: Quota
    limits: ResumableLimits
    clock: Clock

    async def declare(self, conversion: Conversion, length: int) -> Conversion:
        """Returns the upload with its length; it is queued if all of its bytes are stored already.

        Does nothing when it has this length: a client repeats a request whose response it missed. Raises
        InvalidRequest for another length, and for one below the offset; EmptyUpload; TooLarge beyond the
        largest video and beyond the quota; UploadLocked, WrongOffset, Gone.
        """
        upload = upload_of(conversion)
        if upload.length == length:
            return conversion
        if upload.length is not None:
            raise invalid_field(FIELD, f"cannot be changed: it is {upload.length}")
        self.limits.check_length(length)
        if length < upload.offset:
            raise invalid_field(FIELD, f"must be at least {upload.offset}: so many bytes are stored")
        try:
            await self.quota.reserve(conversion, length)
            return await change(
                self.store,
                conversion.id,
                lambda newest: length_declared(newest, length, offset=upload.offset, now=self.clock()),
                self.lock.events,
            )
        except LeaseLost:
            raise Gone("The upload has been terminated.") from None
