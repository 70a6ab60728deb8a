"""Transitions of resumable uploads (tus 1.0.0): one writer at a time, stored segments are kept.

Partial uploads are assigned to their final upload and released from it (concatenation).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import Conversion, State
from converter_service.conversions.segments import Segment, SegmentWriter, Upload
from converter_service.conversions.transitions.upload import uploaded
from converter_service.errors import PartAlreadyUsed, UploadLocked, WrongOffset


def writer_acquired(
    conversion: Conversion, writing: SegmentWriter, *, offset: int, small: int, removed: Sequence[str]
) -> Conversion:
    """A request becomes the writer, from `offset` on; the temporary blobs in `removed` are deleted.

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


def writer_renewed(conversion: Conversion, blob: str, until: datetime) -> Conversion:
    """The writer's lease is extended. Raises LeaseLost when `blob` is not the writer's any more."""
    upload, writing = _writer_of(conversion, blob)
    return with_upload(conversion, replace(upload, writing=replace(writing, until=until)))


def segment_stored(
    conversion: Conversion, blob: str, size: int, *, now: datetime, ttl: timedelta
) -> Conversion:
    """The writer is done, with `size` bytes in its blob; a complete upload is queued.

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
    return queued_for_conversion(changed, now) if longer.is_complete and not longer.is_partial else changed


def segment_discarded(conversion: Conversion, blob: str) -> Conversion:
    """The writer is done, without a segment. Raises LeaseLost when `blob` is not the writer's any more."""
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
    """Queued without a digest, which the worker computes."""
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
    """With a new upload state; not due for removal before the writer's lease and the upload have expired."""
    until = upload.writing.until if upload.writing else upload.expires_at
    return replace(conversion, upload=upload, due_at=max(until, upload.expires_at))


# The sweeper may act on a record that it has read up to this long ago.
SWEEPER_DELAY = timedelta(minutes=5)


def assigned_to_final(conversion: Conversion, final_id: str) -> Conversion:
    """A complete partial upload becomes a part of the final upload.

    Raises PartAlreadyUsed when it is incomplete or part of another one, LeaseLost when it is deleted.
    """
    upload = open_upload(conversion)
    if not (upload.is_partial and upload.is_complete) or upload.joined_into not in {None, final_id}:
        raise PartAlreadyUsed
    return replace(conversion, upload=replace(upload, joined_into=final_id), reserved_bytes=0)


def released_from_final(conversion: Conversion, final_id: str, now: datetime) -> Conversion:
    """The final upload has failed: the partial upload may be used again.

    Raises LeaseLost when it is not assigned to that final upload, or expires so soon that the sweeper may
    already delete its bytes.
    """
    upload = open_upload(conversion)
    if upload.joined_into != final_id or upload.expires_at <= now + SWEEPER_DELAY:
        raise LeaseLost
    return replace(conversion, upload=replace(upload, joined_into=None), reserved_bytes=upload.length)


def concatenated(conversion: Conversion, segments: Sequence[Segment], now: datetime) -> Conversion:
    """The final upload owns the segments of its parts and is queued. Raises LeaseLost when it is deleted."""
    upload = open_upload(conversion)
    return queued_for_conversion(with_upload(conversion, replace(upload, segments=tuple(segments))), now)
