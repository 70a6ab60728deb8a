"""Port of counters that admit a bounded number of members in moving windows: emails to a recipient."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

import msgspec


class Bound(msgspec.Struct, frozen=True):
    """At most `count` members `within` a period; None is for ever."""

    count: int
    within: timedelta | None


class Admissions(Protocol):
    """Counters by key. Counts survive restarts, and hold for all processes together."""

    async def admit(self, key: str, member: str, bounds: Sequence[Bound]) -> bool:
        """Counts `member` if every bound has room for it. Returns True for one that was counted before, so
        that an event that is delivered again gets the same answer. Raises Unavailable.
        """
