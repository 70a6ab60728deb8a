"""Transitions of deletion and expiry. Blobs are deleted before the references to them."""

from collections.abc import Collection
from datetime import datetime

from msgspec.structs import replace

from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import FINAL, Conversion, State
from converter_service.conversions.state_machine import bump_revision, with_state


def expired(conversion: Conversion, now: datetime) -> Conversion:
    """Returns the record as expired: it stays, due at once for the deletion of its blobs."""
    return replace(with_state(conversion, State.EXPIRED), due_at=now)


def bytes_deleted(conversion: Conversion) -> Conversion:
    """Returns the expired record after its blobs were deleted; it is not due any more."""
    return replace(
        without_video(conversion), audio_blob=None, details_blob=None, temporary_blobs=(), due_at=None
    )


def temporary_blobs_deleted(conversion: Conversion, deleted_blobs: Collection[str]) -> Conversion:
    """Returns the record without `deleted_blobs`; blobs that a retry has added in the meantime stay."""
    rest = tuple(blob for blob in conversion.temporary_blobs if blob not in deleted_blobs)
    settled = conversion.status in FINAL and not rest
    return replace(
        conversion, temporary_blobs=rest, due_at=conversion.expires_at if settled else conversion.due_at
    )


def deleted(conversion: Conversion, now: datetime) -> Conversion:
    """Returns the record as deleted: invisible at once, purged by the sweeper after its writer's lease."""
    return replace(
        bump_revision(conversion),
        deleted_at=conversion.deleted_at or now,
        due_at=conversion.written_until or now,
        idempotency_key=None,
    )


def postponed(conversion: Conversion, until: datetime) -> Conversion:
    """Returns the record with its next due time at `until`, because the sweeper could not process it."""
    return replace(conversion, due_at=until)


def without_video(conversion: Conversion) -> Conversion:
    """Returns the record without references to the blobs of the video."""
    upload = replace(conversion.upload, segments=(), writing=None) if conversion.upload else None
    return replace(conversion, source_blob=None, shared_blobs=(), upload=upload)


def video_inherited(conversion: Conversion) -> Conversion:
    """Returns the record as the one that counts the bytes of a video that it shared until now.

    Raises LeaseLost when it is deleted or expired.
    """
    if conversion.deleted_at or conversion.status is State.EXPIRED:
        raise LeaseLost
    return replace(conversion, counts_video=True)
