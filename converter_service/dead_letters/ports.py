"""What dead letters need of a store. The docstrings are the contract."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from converter_service.dead_letters.model import DeadLetter, DeadLetterStatus


class DeadLetterStore(Protocol):
    """Dead letters by id. While the store cannot be reached, all calls raise Unavailable within seconds."""

    async def add(self, letter: DeadLetter) -> None:
        """Durable when this returns. One that is there stays as it is. Raises Unavailable also when full."""

    async def get(self, letter_id: str) -> DeadLetter | None: ...

    async def page(
        self, status: DeadLetterStatus | None, before_id: str | None, limit: int
    ) -> Sequence[DeadLetter]:
        """The latest deaths first, older than `before_id`, without their bodies."""

    async def hold(self, letter_id: str, holder: str, now: datetime, until: datetime) -> bool:
        """Of many who ask for a waiting letter one gets it; others not before `until`, or its release."""

    async def release(self, letter_id: str, holder: str) -> None: ...

    async def settle(self, letter: DeadLetter, holder: str) -> bool:
        """Replaces a letter that is held by `holder`; False when it is not."""

    async def waiting(self) -> int:
        """How many are in the status `waiting`."""
