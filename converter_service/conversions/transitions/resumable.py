"""Transitions of resumable uploads (tus 1.0.0): one writer at a time, stored segments are kept."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import Conversion, State
from converter_service.conversions.segments import Segment, SegmentWriter, Upload
from converter_service.conversions.transitions.upload import uploaded
from converter_service.errors import UploadLocked, WrongOffset


def writer_acquired(
    conversion: Conversion, writing: SegmentWriter, *, offset: int, small: int, removed: Sequence[str]
) -> Conversion:
    """Returns the upload with a request as its writer from `offset` on, without the blobs in `removed`.

    Raises UploadLocked while another request is the writer, WrongOffset, and LeaseLost when the upload is not
    open any more.
    """
    upload = open_upload(conversion)
    if upload.writing is not None:
        raise UploadLocked
    if upload.offset != offset:
        raise WrongOffset(upload.offset)
    tail = upload.unfinished_tail(small)
    mine = replace(writing, repeats=tail.size if tail else 0)
    temporary_blobs = tuple(blob for blob in conversion.temporary_blobs if blob not in removed)
    return with_upload(replace(conversion, temporary_blobs=temporary_blobs), replace(upload, writing=mine))


def length_declared(conversion: Conversion, length: int, *, offset: int, now: datetime) -> Conversion:
    """Returns the upload with the length that its client deferred; queued if all bytes are stored.

    `length` is at least `offset` and is reserved in the quota from now on. Raises UploadLocked while a
    request is the writer, WrongOffset, and LeaseLost when the upload is not open any more.
    """
    upload = open_upload(conversion)
    if upload.writing is not None:
        raise UploadLocked
    if upload.offset != offset:
        raise WrongOffset(upload.offset)
    declared = replace(upload, length=length)
    source = replace(conversion.source, size=length)
    changed = replace(conversion, upload=declared, source=source, reserved_bytes=length)
    return queued_for_conversion(changed, now) if declared.is_converted_next else changed


def writer_renewed(conversion: Conversion, blob: str, until: datetime) -> Conversion:
    """Returns the upload with its writer's lease extended. Raises LeaseLost if `blob` is not the writer's."""
    upload, writing = _writer_of(conversion, blob)
    return with_upload(conversion, replace(upload, writing=replace(writing, until=until)))


def segment_stored(
    conversion: Conversion, blob: str, size: int, *, now: datetime, ttl: timedelta
) -> Conversion:
    """Returns the upload with the writer's blob of `size` bytes; a complete upload is queued.

    Raises LeaseLost when `blob` is not the writer's any more.
    """
    upload, writing = _writer_of(conversion, blob)
    if size <= writing.repeats:
        return segment_discarded(conversion, blob)
    kept = upload.segments[:-1] if writing.repeats else upload.segments
    replaced = upload.segments[-1:] if writing.repeats else ()
    longer = replace(
        upload,
        segments=(*kept, Segment(blob, size)),
        writing=None,
        expires_at=max(upload.expires_at, now + ttl),
    )
    temporary_blobs = (*conversion.temporary_blobs, *(segment.blob for segment in replaced))
    changed = with_upload(replace(conversion, temporary_blobs=temporary_blobs), longer)
    return queued_for_conversion(changed, now) if longer.is_converted_next else changed


def segment_discarded(conversion: Conversion, blob: str) -> Conversion:
    """Returns the upload without its writer. Raises LeaseLost when `blob` is not the writer's any more."""
    upload, _ = _writer_of(conversion, blob)
    cleared = replace(conversion, temporary_blobs=(*conversion.temporary_blobs, blob))
    return with_upload(cleared, replace(upload, writing=None))


def upload_of(conversion: Conversion) -> Upload:
    """Raises LeaseLost for a conversion without a resumable upload."""
    if conversion.upload is None:
        raise LeaseLost
    return conversion.upload


def has_segment(conversion: Conversion, blob: str) -> bool:
    """Whether the blob is a stored segment."""
    return conversion.upload is not None and any(each.blob == blob for each in conversion.upload.segments)


def is_being_written(conversion: Conversion, blob: str) -> bool:
    """Whether the blob is the current writer's, so that its final size is not known yet."""
    try:
        _writer_of(conversion, blob)
    except LeaseLost:
        return False
    return True


def queued_for_conversion(conversion: Conversion, now: datetime) -> Conversion:
    """Returns the record as queued without a digest, which the worker computes."""
    size = conversion.source.size or 0
    return uploaded(conversion, size=size, sha256=None, options=conversion.options, now=now)


def open_upload(conversion: Conversion) -> Upload:
    """Raises LeaseLost when the upload is complete, cancelled or deleted."""
    if conversion.deleted_at or conversion.status is not State.UPLOADING or conversion.upload is None:
        raise LeaseLost
    return conversion.upload


def _writer_of(conversion: Conversion, blob: str) -> tuple[Upload, SegmentWriter]:
    upload = open_upload(conversion)
    if upload.writing is None or upload.writing.blob != blob:
        raise LeaseLost
    return upload, upload.writing


def with_upload(conversion: Conversion, upload: Upload) -> Conversion:
    """Returns the record with `upload`, due for removal after the writer's lease and the upload expired.

    Without a writer, an upload of unknown length reserves no more than what is stored.
    """
    until = upload.writing.until if upload.writing else upload.expires_at
    reserved_bytes = conversion.reserved_bytes
    if upload.length is None and upload.writing is None:
        reserved_bytes = upload.offset
    due_at = max(until, upload.expires_at)
    return replace(conversion, upload=upload, due_at=due_at, reserved_bytes=reserved_bytes)
