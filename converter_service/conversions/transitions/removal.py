"""Transitions that end a conversion, and those of deletion and expiry.

Blobs are deleted before the references to them.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from msgspec.structs import replace

from converter_service.conversions.model import FINAL, Conversion, Failure, Result, State
from converter_service.conversions.state_machine import bump_revision, with_state


def expired(conversion: Conversion, now: datetime) -> Conversion:
    """Expired: the record stays, due at once for the deletion of its blobs."""
    return replace(with_state(conversion, State.EXPIRED), due_at=now)


def bytes_deleted(conversion: Conversion) -> Conversion:
    """The blobs of an expired conversion are deleted; it is not due any more."""
    return replace(without_video(conversion), audio_blob=None, temporary_blobs=(), due_at=None)


def temporary_blobs_deleted(conversion: Conversion, deleted_blobs: Collection[str]) -> Conversion:
    """These temporary blobs are deleted. Those that a retry has added in the meantime stay."""
    rest = tuple(blob for blob in conversion.temporary_blobs if blob not in deleted_blobs)
    settled = conversion.status in FINAL and not rest
    return replace(
        conversion, temporary_blobs=rest, due_at=conversion.expires_at if settled else conversion.due_at
    )


def deleted(conversion: Conversion, now: datetime) -> Conversion:
    """Deleted: invisible at once; the sweeper purges it when the lease of its writer has expired."""
    return replace(
        bump_revision(conversion),
        deleted_at=conversion.deleted_at or now,
        due_at=conversion.written_until or now,
        idempotency_key=None,
    )


def postponed(conversion: Conversion, until: datetime) -> Conversion:
    """Due again at `until`: the sweeper could not process it."""
    return replace(conversion, due_at=until)


def without_video(conversion: Conversion) -> Conversion:
    """Without references to the blobs of the video."""
    upload = replace(conversion.upload, segments=(), writing=None) if conversion.upload else None
    return replace(conversion, source_blob=None, upload=upload)


def completed(
    conversion: Conversion, token: str, blob_id: str, result: Result, *, now: datetime, retention: timedelta
) -> Conversion:
    """Completed, with the audio in `blob_id`. Raises LeaseLost."""
    conversion.lease_of(token)
    rest = tuple(blob for blob in conversion.temporary_blobs if blob != blob_id)
    done = _finish(replace(with_state(conversion, State.COMPLETED), temporary_blobs=rest), now, retention)
    return replace(
        done,
        result=result,
        error=None,
        audio_blob=blob_id,
        progress=1.0,
        result_cache_key=conversion.cache_key,
    )


def failed(conversion: Conversion, failure: Failure, *, now: datetime, retention: timedelta) -> Conversion:
    """Failed; only its owner can have it retried."""
    return replace(_finish(with_state(conversion, State.FAILED), now, retention), error=failure)


def failed_by(
    conversion: Conversion, token: str, failure: Failure, *, now: datetime, retention: timedelta
) -> Conversion:
    """Failed in the run with this lease token. Raises LeaseLost."""
    conversion.lease_of(token)
    return failed(conversion, failure, now=now, retention=retention)


def cancelled(conversion: Conversion, *, now: datetime, retention: timedelta) -> Conversion:
    """Cancelled by its owner. Raises IllegalTransition when it has already ended.

    The current writer or worker loses its lease and deletes what it has written; if it is dead, the sweeper
    does. An incomplete video is deleted, so a cancelled upload cannot be retried.
    """
    written_until = conversion.written_until
    over = with_state(conversion, State.CANCELLED)
    if conversion.status is State.UPLOADING:
        over = replace(without_video(over), temporary_blobs=conversion.blobs, idempotency_key=None)
    over = _finish(over, now, retention)
    return replace(over, due_at=written_until or now) if over.temporary_blobs else over


def _finish(conversion: Conversion, now: datetime, retention: timedelta) -> Conversion:
    until = now + retention
    due = now if conversion.temporary_blobs else until
    return replace(conversion, lease=None, finished_at=now, expires_at=until, due_at=due)
