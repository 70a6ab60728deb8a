"""Time and ids as the converter stores them; passed in, so that tests decide both."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The current time in UTC. One that follows a store's raises Unavailable until it has reached it."""

    def __call__(self) -> datetime: ...


def utc_now() -> datetime:
    """As this machine has it."""
    return whole_milliseconds(datetime.now(UTC))


def whole_milliseconds(moment: datetime) -> datetime:
    """All that BSON keeps, so what is stored compares equal to what was meant."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
