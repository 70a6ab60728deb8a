"""Transitions into the queue: retried, requeued after a run, announced again; and what may be claimed."""

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from converter_service.conversions.model import Conversion, State
from converter_service.conversions.state_machine import IllegalTransition, with_state

# The sweeper publishes the event of a queued conversion again after this long: the broker may have lost it.
REANNOUNCE_AFTER: Final = timedelta(hours=1)
# The same after `retry_at`: the delayed message may be lost.
RETRY_OVERDUE_AFTER: Final = timedelta(minutes=1)


class SourceGone(Exception):
    """The video is deleted."""


def claimable(conversion: Conversion, now: datetime) -> bool:
    """Whether a worker may run it: queued and due, or converting with an expired lease."""
    if conversion.deleted_at:
        return False
    if conversion.status is State.CONVERTING:
        return conversion.lease is None or conversion.lease.until <= now
    return conversion.status is State.QUEUED and not is_waiting_to_retry(conversion, now)


def is_waiting_to_retry(conversion: Conversion, now: datetime) -> bool:
    """Whether `retry_at` is still to come."""
    return conversion.retry_at is not None and conversion.retry_at > now


def reannounced(conversion: Conversion, now: datetime) -> Conversion:
    """Returns the queued record, due once more after REANNOUNCE_AFTER; its event is published again."""
    return replace(conversion, due_at=now + REANNOUNCE_AFTER)


def retried(conversion: Conversion, now: datetime) -> Conversion:
    """Returns the record as queued again by its owner, with all attempts left.

    Raises SourceGone when the video is deleted, IllegalTransition unless it has failed or was cancelled.
    """
    waiting = with_state(conversion, State.QUEUED)
    if conversion.status not in {State.FAILED, State.CANCELLED}:
        raise IllegalTransition(f"{conversion.status} cannot be retried")
    if not conversion.source_blobs or (conversion.expires_at and conversion.expires_at <= now):
        raise SourceGone
    return replace(
        waiting,
        progress=0.0,
        error=None,
        attempts=0,
        started_at=None,
        finished_at=None,
        expires_at=None,
        retry_at=None,
        due_at=now + REANNOUNCE_AFTER,
    )


def requeued(
    conversion: Conversion,
    token: str,
    now: datetime,
    *,
    attempt_counts: bool,
    retry_at: datetime | None = None,
) -> Conversion:
    """Returns the record as queued after a run without outcome, for `retry_at` or now. Raises LeaseLost."""
    conversion.lease_of(token)
    attempts = conversion.attempts if attempt_counts else max(0, conversion.attempts - 1)
    due_at = retry_at + RETRY_OVERDUE_AFTER if retry_at else now + REANNOUNCE_AFTER
    waiting = with_state(conversion, State.QUEUED)
    return replace(waiting, lease=None, attempts=attempts, retry_at=retry_at, due_at=due_at)


def lease_expired(conversion: Conversion, now: datetime) -> Conversion:
    """Returns the record as queued after its worker died. The attempt counts: the video may have crashed it.

    Raises IllegalTransition while the lease is valid.
    """
    if conversion.status is not State.CONVERTING or not claimable(conversion, now):
        raise IllegalTransition(f"{conversion.status} has no expired lease")
    return replace(with_state(conversion, State.QUEUED), lease=None, due_at=now + REANNOUNCE_AFTER)
