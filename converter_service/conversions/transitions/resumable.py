"""The moves of an upload in several requests: one writer at a time, and what is stored stays."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from converter_service.conversions.model import Conversion, LeaseLost, Source, State
from converter_service.conversions.segments import Segment, Upload, Writing
from converter_service.conversions.transitions.upload import uploaded
from converter_service.errors import UploadLocked, WrongOffset


def begun(
    conversion_id: str,
    upload: Upload,
    *,
    owner_id: str,
    recipient: str,
    filename: str,
    options: Mapping[str, str | int | float],
    now: datetime,
    correlation_id: str,
    idempotency_key: str | None = None,
) -> Conversion:
    """An upload without a byte yet."""
    return Conversion(
        id=conversion_id,
        owner_id=owner_id,
        recipient=recipient,
        status=State.UPLOADING,
        source=Source(filename=filename, size=upload.length),
        source_blob=None,
        created_at=now,
        due_at=upload.expires_at,
        options=options,
        correlation_id=correlation_id,
        idempotency_key=idempotency_key,
        upload=upload,
        reserved_bytes=0 if upload.is_joined else upload.length,
    )


def taken_up(
    conversion: Conversion, writing: Writing, *, offset: int, small: int, removed: Sequence[str]
) -> Conversion:
    """A request writes from `offset` on; `removed` is debris that is gone.

    Raises UploadLocked while another one writes, WrongOffset, and LeaseLost when nothing more is taken.
    """
    upload = open_upload(conversion)
    if upload.writing is not None:
        raise UploadLocked
    if upload.offset != offset:
        raise WrongOffset(upload.offset)
    tail = upload.unfinished_tail(small)
    mine = replace(writing, repeats=tail.size if tail else 0)
    debris = tuple(blob for blob in conversion.debris if blob not in removed)
    return with_upload(replace(conversion, debris=debris), replace(upload, writing=mine))


def still_written(conversion: Conversion, blob: str, until: datetime) -> Conversion:
    """Bytes arrive. Raises LeaseLost when the stretch is not this writer's any more."""
    upload, writing = _held(conversion, blob)
    return with_upload(conversion, replace(upload, writing=replace(writing, until=until)))


def sealed(conversion: Conversion, blob: str, size: int, *, now: datetime, ttl: timedelta) -> Conversion:
    """The stretch ends, with `size` bytes in its blob; with the last byte the conversion is queued.

    Raises LeaseLost when it is not this writer's any more.
    """
    upload, writing = _held(conversion, blob)
    if size <= writing.repeats:
        return thrown_away(conversion, blob)
    kept = upload.segments[:-1] if writing.repeats else upload.segments
    replaced = upload.segments[-1:] if writing.repeats else ()
    longer = replace(
        upload,
        segments=(*kept, Segment(blob, size)),
        writing=None,
        expires_at=max(upload.expires_at, now + ttl),
    )
    debris = (*conversion.debris, *(segment.blob for segment in replaced))
    changed = with_upload(replace(conversion, debris=debris), longer)
    return queued_whole(changed, now) if longer.is_complete and not longer.is_partial else changed


def thrown_away(conversion: Conversion, blob: str) -> Conversion:
    """The stretch came to nothing. Raises LeaseLost when it is not this writer's any more."""
    upload, _ = _held(conversion, blob)
    cleared = replace(conversion, debris=(*conversion.debris, blob))
    return with_upload(cleared, replace(upload, writing=None))


def upload_of(conversion: Conversion) -> Upload:
    """Raises LeaseLost for a conversion whose video came in one piece."""
    if conversion.upload is None:
        raise LeaseLost
    return conversion.upload


def holds(conversion: Conversion, blob: str) -> bool:
    """Whether these bytes count."""
    return conversion.upload is not None and any(each.blob == blob for each in conversion.upload.segments)


def is_open_for(conversion: Conversion, blob: str) -> bool:
    """Whether nobody has said yet how many of these bytes count: whoever closes the stretch will."""
    try:
        _held(conversion, blob)
    except LeaseLost:
        return False
    return True


def queued_whole(conversion: Conversion, now: datetime) -> Conversion:
    """Its digest is known when a worker has read it all."""
    size = conversion.source.size or 0
    return uploaded(conversion, size=size, sha256=None, options=conversion.options, now=now)


def open_upload(conversion: Conversion) -> Upload:
    """Raises LeaseLost when nothing more is taken."""
    if conversion.deleted_at or conversion.status is not State.UPLOADING or conversion.upload is None:
        raise LeaseLost
    return conversion.upload


def _held(conversion: Conversion, blob: str) -> tuple[Upload, Writing]:
    upload = open_upload(conversion)
    if upload.writing is None or upload.writing.blob != blob:
        raise LeaseLost
    return upload, upload.writing


def with_upload(conversion: Conversion, upload: Upload) -> Conversion:
    """With its upload as it is now. Nobody sweeps it away while somebody may be writing."""
    until = upload.writing.until if upload.writing else upload.expires_at
    return replace(conversion, upload=upload, due_at=max(until, upload.expires_at))
