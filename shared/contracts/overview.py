"""Response body of the overview for administrators."""

from datetime import datetime

import msgspec


class Hour(msgspec.Struct, frozen=True):
    """Videos that were accepted in the hour from `at` on, and how many of them have completed and failed."""

    at: datetime
    accepted: int
    completed: int
    failed: int


class Overview(msgspec.Struct, frozen=True):
    """The queue now, and the last 24 hours, oldest first. `oldest_queued_at` is null for an empty queue."""

    queued: int
    converting: int
    dead_letters: int
    oldest_queued_at: datetime | None
    hours: tuple[Hour, ...]
