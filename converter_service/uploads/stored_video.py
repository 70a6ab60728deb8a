"""Conversions of a video that is stored already, with other options: nothing is sent or stored again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from converter_service.conversions.events import EventFactory
from converter_service.conversions.identifiers import new_id
from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import Conversion, State
from converter_service.conversions.ports import ConversionStore
from converter_service.conversions.quota import Quota
from converter_service.conversions.requested_options import parse_options
from converter_service.conversions.service import Conversions
from converter_service.conversions.transitions.upload import as_accepted, uploaded
from converter_service.conversions.update import change
from converter_service.errors import NotReady
from converter_service.media.option_parser import texts
from converter_service.uploads.abort import AbortedUploads
from converter_service.uploads.admission import Admission
from converter_service.uploads.idempotency import IdempotencyKeys, key_of
from shared.clock import Clock
from shared.errors import (
    Conflict,
    FieldError,
    Gone,
    IdempotencyMismatch,
    InvalidRequest,
    NotFound,
    Unavailable,
)
from shared.identity.principal import Principal
from shared.logs import correlation_id

Value = str | int | float


class StoredVideo(msgspec.Struct, frozen=True):
    """A request: the conversion whose video is to be converted, and the options."""

    conversion_id: str
    options: Mapping[str, Value]


def parse_request(body: bytes) -> StoredVideo:
    """Parses `{"source": "<id of a conversion>", …options}`. Raises InvalidRequest."""
    try:
        fields = msgspec.json.decode(body, type=dict[str, Value])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidRequest("The body is no JSON object with texts and numbers as values.") from None
    conversion_id = fields.pop("source", None)
    if not isinstance(conversion_id, str):
        problem = FieldError("source", "must be the id of the conversion whose video is to be converted")
        raise InvalidRequest("The body names no video.", errors=[problem])
    return StoredVideo(conversion_id, fields)


@dataclass(frozen=True, kw_only=True)
class StoredVideos:
    """`silence` is how long a record may exist before it is queued, unless its process has died."""

    store: ConversionStore
    conversions: Conversions
    events: EventFactory
    quota: Quota
    keys: IdempotencyKeys
    aborted: AbortedUploads
    admission: Admission
    silence: timedelta
    clock: Clock

    async def convert(self, owner: Principal, wanted: StoredVideo, key: str | None) -> Conversion:
        """Queues a conversion that shares the video's blobs. With the `key` of an earlier request the earlier
        conversion is returned.

        Raises InvalidRequest for invalid options, NotFound for a conversion of another owner, NotReady during
        its upload, Gone without its video; RateLimited, TooLarge and Overloaded by the quota; Conflict when
        the new conversion is deleted meanwhile; with a key UploadInProgress and IdempotencyMismatch.
        """
        options = parse_options(texts(wanted.options)).stored()
        if not await self.keys.knows(owner.user_id, key):
            await self.quota.check_retry(owner.user_id)
        try:
            source = await self._with_video(owner, wanted.conversion_id)
        except (NotFound, Gone):
            if (repeated := await self._accepted_before(owner, options, key)) is None:
                raise
            return repeated
        new = self._new(owner, source, key)
        if (earlier := await self.admission.admit(new)) is not None:
            return _repeated(earlier, new, options)
        try:
            return await self._queue(owner, new, wanted.conversion_id, options)
        except LeaseLost:
            raise Conflict("The conversion was deleted meanwhile.") from None
        except Unavailable:
            raise  # discarding would wait for the same store
        except BaseException:
            await self.aborted.discard(new)
            raise

    async def _accepted_before(
        self, owner: Principal, options: Mapping[str, Value], key: str | None
    ) -> Conversion | None:
        """The conversion that an earlier request with this key has made, although the video's own one is
        gone by now.
        """
        earlier = await self.store.by_idempotency_key(key_of(owner.user_id, key)) if key else None
        return as_accepted(earlier) if earlier is not None and earlier.options == options else None

    async def _with_video(self, owner: Principal, conversion_id: str) -> Conversion:
        found = await self.conversions.get(owner, conversion_id)
        if found.status is State.UPLOADING:
            raise NotReady("The video is still being uploaded.")
        if found.status is State.EXPIRED or not found.source_blobs:
            raise Gone("The video of this conversion is deleted.")
        return found

    async def _queue(
        self, owner: Principal, new: Conversion, source_id: str, options: Mapping[str, Value]
    ) -> Conversion:
        """Looks for the video once more: its deletion may have begun before the new record was stored."""
        await self._with_video(owner, source_id)
        size, sha256 = new.source.size or 0, new.source.sha256
        return await change(
            self.store,
            new.id,
            lambda newest: uploaded(newest, size=size, sha256=sha256, options=options, now=self.clock()),
            self.events.uploaded,
        )

    def _new(self, owner: Principal, source: Conversion, key: str | None) -> Conversion:
        now = self.clock()
        return Conversion(
            id=new_id(),
            owner_id=owner.user_id,
            recipient=owner.email,
            recipient_verified=owner.email_verified,
            status=State.UPLOADING,
            source=source.source,
            source_blob=None,
            shared_blobs=source.source_blobs,
            counts_video=False,
            title=source.title,
            created_at=now,
            due_at=now + self.silence,
            options={},
            correlation_id=correlation_id.get(),
            idempotency_key=key_of(owner.user_id, key) if key else None,
        )


def _repeated(earlier: Conversion, new: Conversion, options: Mapping[str, Value]) -> Conversion:
    """Raises IdempotencyMismatch unless the earlier request was the same."""
    again = as_accepted(new).source
    if (earlier.source.filename, earlier.source.size) != (again.filename, again.size):
        raise IdempotencyMismatch
    if earlier.source.sha256 not in {None, again.sha256} and again.sha256 is not None:
        raise IdempotencyMismatch
    if earlier.options != options:
        raise IdempotencyMismatch
    return earlier
