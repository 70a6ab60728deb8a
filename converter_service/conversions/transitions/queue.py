"""The moves of a conversion that waits for a worker: into the queue and while it is there."""

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from converter_service.conversions.model import Conversion, State
from converter_service.conversions.state_machine import IllegalMove, moved

# A queued conversion whose event the broker lost is announced again after this long.
ANNOUNCE_AGAIN: Final = timedelta(hours=1)
# One that has rested is announced again after this long: the message that was to come back may be lost.
RESTED_FOR_LONG: Final = timedelta(minutes=1)


class SourceGone(Exception):
    """The video has not been kept."""


def claimable(conversion: Conversion, now: datetime) -> bool:
    """Waiting and rested, or held by somebody whose lease has lapsed."""
    if conversion.deleted_at:
        return False
    if conversion.status is State.CONVERTING:
        return conversion.lease is None or conversion.lease.until <= now
    return conversion.status is State.QUEUED and not is_resting(conversion, now)


def is_resting(conversion: Conversion, now: datetime) -> bool:
    """Its last run came to nothing, and the next one is not to begin yet."""
    return conversion.rests_until is not None and conversion.rests_until > now


def announced_again(conversion: Conversion, now: datetime) -> Conversion:
    return replace(conversion, due_at=now + ANNOUNCE_AGAIN)


def retried(conversion: Conversion, now: datetime) -> Conversion:
    """As if it had never been tried. Raises SourceGone without a video, IllegalMove where there is nothing to
    try again.
    """
    waiting = moved(conversion, State.QUEUED)
    if conversion.status not in {State.FAILED, State.CANCELLED}:
        raise IllegalMove(f"{conversion.status} cannot be tried again")
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
        rests_until=None,
        due_at=now + ANNOUNCE_AGAIN,
    )


def handed_back(
    conversion: Conversion,
    token: str,
    now: datetime,
    *,
    attempt_counts: bool,
    rests_until: datetime | None = None,
) -> Conversion:
    """The run ends without an outcome: somebody may take it, at once or when it has rested.

    Raises LeaseLost.
    """
    conversion.held_by(token)
    attempts = conversion.attempts if attempt_counts else max(0, conversion.attempts - 1)
    due_at = rests_until + RESTED_FOR_LONG if rests_until else now + ANNOUNCE_AGAIN
    waiting = moved(conversion, State.QUEUED)
    return replace(waiting, lease=None, attempts=attempts, rests_until=rests_until, due_at=due_at)


def lapsed(conversion: Conversion, now: datetime) -> Conversion:
    """Whoever held it is dead: back into the queue. The attempt counts: it may be what killed them."""
    if conversion.status is not State.CONVERTING or not claimable(conversion, now):
        raise IllegalMove(f"{conversion.status} has not lapsed")
    return replace(moved(conversion, State.QUEUED), lease=None, due_at=now + ANNOUNCE_AGAIN)
