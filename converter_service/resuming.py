"""The moves of a conversion whose video comes in several requests: pure, no clock, no database."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from converter_service.conversion import Conversion, LeaseLost, Source, State, uploaded
from converter_service.errors import JoinedAlready, UploadLocked, WrongOffset
from converter_service.segments import Segment, Upload, Writing

# A sweeper acts on what it has seen up to so long ago.
SWEPT_WITHIN = timedelta(minutes=5)


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
    upload = _open(conversion)
    if upload.writing is not None:
        raise UploadLocked
    if upload.offset != offset:
        raise WrongOffset(upload.offset)
    tail = upload.unfinished_tail(small)
    mine = replace(writing, repeats=tail.size if tail else 0)
    debris = tuple(blob for blob in conversion.debris if blob not in removed)
    return _kept(replace(conversion, debris=debris), replace(upload, writing=mine))


def still_written(conversion: Conversion, blob: str, until: datetime) -> Conversion:
    """Bytes arrive. Raises LeaseLost when the stretch is not this writer's any more."""
    upload, writing = _held(conversion, blob)
    return _kept(conversion, replace(upload, writing=replace(writing, until=until)))


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
    changed = _kept(replace(conversion, debris=debris), longer)
    return _queued(changed, now) if longer.is_complete and not longer.is_partial else changed


def thrown_away(conversion: Conversion, blob: str) -> Conversion:
    """The stretch came to nothing. Raises LeaseLost when it is not this writer's any more."""
    upload, _ = _held(conversion, blob)
    cleared = replace(conversion, debris=(*conversion.debris, blob))
    return _kept(cleared, replace(upload, writing=None))


def given_up_to(conversion: Conversion, final_id: str) -> Conversion:
    """A whole partial upload becomes a part of another. Raises JoinedAlready, and LeaseLost."""
    upload = _open(conversion)
    if not (upload.is_partial and upload.is_complete) or upload.joined_into not in {None, final_id}:
        raise JoinedAlready
    return replace(conversion, upload=replace(upload, joined_into=final_id), reserved_bytes=0)


def taken_back(conversion: Conversion, final_id: str, now: datetime) -> Conversion:
    """What it was given up to came to nothing, and can take nothing any more: it may be joined anew.

    Raises LeaseLost when it is that one's no longer, and when its time is nearly over: the sweeper may be at
    its bytes.
    """
    upload = _open(conversion)
    if upload.joined_into != final_id or upload.expires_at <= now + SWEPT_WITHIN:
        raise LeaseLost
    return replace(conversion, upload=replace(upload, joined_into=None), reserved_bytes=upload.length)


def joined(conversion: Conversion, segments: Sequence[Segment], now: datetime) -> Conversion:
    """The parts are its own now, and it is queued. Raises LeaseLost when it was swept away meanwhile."""
    upload = _open(conversion)
    return _queued(_kept(conversion, replace(upload, segments=tuple(segments))), now)


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


def _queued(conversion: Conversion, now: datetime) -> Conversion:
    """Its digest is known when a worker has read it all."""
    size = conversion.source.size or 0
    return uploaded(conversion, size=size, sha256=None, options=conversion.options, now=now)


def _open(conversion: Conversion) -> Upload:
    if conversion.deleted_at or conversion.status is not State.UPLOADING or conversion.upload is None:
        raise LeaseLost
    return conversion.upload


def _held(conversion: Conversion, blob: str) -> tuple[Upload, Writing]:
    upload = _open(conversion)
    if upload.writing is None or upload.writing.blob != blob:
        raise LeaseLost
    return upload, upload.writing


def _kept(conversion: Conversion, upload: Upload) -> Conversion:
    """Nobody sweeps it away while somebody may be writing."""
    until = upload.writing.until if upload.writing else upload.expires_at
    return replace(conversion, upload=upload, due_at=max(until, upload.expires_at))
