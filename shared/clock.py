"""The current time. Passed into services as a Clock, so that tests decide it."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Returns the current time in UTC. Raises Unavailable if it follows a server not reached yet."""

    def __call__(self) -> datetime: ...


def utc_now() -> datetime:
    """This machine's time in UTC, in whole milliseconds."""
    return whole_milliseconds(datetime.now(UTC))


def whole_milliseconds(moment: datetime) -> datetime:
    """Drops microseconds: BSON dates have milliseconds, so a stored time compares equal to the original."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
