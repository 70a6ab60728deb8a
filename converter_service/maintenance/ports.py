"""Port for the shared position of a scan. The docstrings are the contract."""

from datetime import datetime
from typing import Protocol


class Checkpoint(Protocol):
    """The position of a scan that all workers share. All calls raise Unavailable."""

    async def claim(self, now: datetime, not_before: datetime) -> str | None:
        """Returns the position to continue from (at first an empty one), or None when no step is due yet.

        The next claim succeeds at `not_before`, or at the time that `advance` sets.
        """

    async def advance(self, place: str, not_before: datetime) -> None:
        """Sets the position for the next claim, and the earliest time of it."""
