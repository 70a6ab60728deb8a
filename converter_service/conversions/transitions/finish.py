"""Transitions that end a conversion: completed, failed, cancelled."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from converter_service.conversions.model import Conversion, Failure, Result, State
from converter_service.conversions.state_machine import with_state
from converter_service.conversions.transitions.removal import without_video


def completed(
    conversion: Conversion,
    token: str,
    blob_id: str,
    result: Result,
    *,
    now: datetime,
    retention: timedelta,
    details_blob: str | None = None,
    unwritten: str | None = None,
) -> Conversion:
    """Returns the record as completed, with the audio in `blob_id`. Raises LeaseLost.

    `unwritten` is the id of a blob that was reserved and never written, so that it need not be deleted.
    """
    conversion.lease_of(token)
    settled = {blob_id, details_blob, unwritten}
    rest = tuple(blob for blob in conversion.temporary_blobs if blob not in settled)
    done = _finish(replace(with_state(conversion, State.COMPLETED), temporary_blobs=rest), now, retention)
    return replace(
        done,
        result=result,
        error=None,
        audio_blob=blob_id,
        details_blob=details_blob,
        progress=1.0,
        result_cache_key=conversion.cache_key,
    )


def failed(conversion: Conversion, failure: Failure, *, now: datetime, retention: timedelta) -> Conversion:
    """Returns the record as failed; only its owner can have it retried."""
    return replace(_finish(with_state(conversion, State.FAILED), now, retention), error=failure)


def failed_by(
    conversion: Conversion, token: str, failure: Failure, *, now: datetime, retention: timedelta
) -> Conversion:
    """Returns the record as failed in the run with this lease token. Raises LeaseLost."""
    conversion.lease_of(token)
    return failed(conversion, failure, now=now, retention=retention)


def cancelled(conversion: Conversion, *, now: datetime, retention: timedelta) -> Conversion:
    """Returns the record as cancelled by its owner. Raises IllegalTransition when it has already ended.

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
