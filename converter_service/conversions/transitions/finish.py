"""The moves that end a conversion: its audio is there, or there will be none."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from converter_service.conversions.model import Conversion, Failure, Result, State
from converter_service.conversions.state_machine import with_state
from converter_service.conversions.transitions.removal import without_video


def completed(
    conversion: Conversion, token: str, blob_id: str, result: Result, *, now: datetime, retention: timedelta
) -> Conversion:
    """The audio is stored under `blob_id`. Raises LeaseLost."""
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
    """For good: it will not be tried again by itself."""
    return replace(_finish(with_state(conversion, State.FAILED), now, retention), error=failure)


def failed_by(
    conversion: Conversion, token: str, failure: Failure, *, now: datetime, retention: timedelta
) -> Conversion:
    """The same by whoever runs it. Raises LeaseLost."""
    conversion.lease_of(token)
    return failed(conversion, failure, now=now, retention=retention)


def cancelled(conversion: Conversion, *, now: datetime, retention: timedelta) -> Conversion:
    """Its owner wants no audio of it. Whoever uploads or runs it has nothing in hand any more, and removes
    what it has written; the sweeper does when that one has died. Raises IllegalTransition when it has ended.

    A video that had not arrived whole is of no use to another try.
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
