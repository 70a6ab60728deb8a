"""Port of the store of dead letters. The docstrings are the contract."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from converter_service.dead_letters.model import DeadLetter, DeadLetterStatus


class DeadLetterStore(Protocol):
    """Dead letters by id. While the store is unreachable, all calls raise Unavailable within seconds."""

    async def add(self, dead_letter: DeadLetter) -> None:
        """Adds one, durable on return; an existing one is not changed. Raises Unavailable also when full."""

    async def get(self, dead_letter_id: str) -> DeadLetter | None: ...

    async def page(
        self, status: DeadLetterStatus | None, before_id: str | None, limit: int
    ) -> Sequence[DeadLetter]:
        """Latest first, older than `before_id`, without their bodies."""

    async def hold(self, dead_letter_id: str, holder: str, now: datetime, until: datetime) -> bool:
        """Locks a waiting dead letter for `holder` until `until`; False while another one holds it."""

    async def release(self, dead_letter_id: str, holder: str) -> None:
        """Unlocks a dead letter that is held by `holder`."""

    async def settle(self, dead_letter: DeadLetter, holder: str) -> bool:
        """Replaces a dead letter that is held by `holder`; returns False when it is not."""

    async def waiting(self) -> int:
        """Number of dead letters in the status `waiting`."""
