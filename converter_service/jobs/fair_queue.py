"""Whose turn it is: one conversion of each account that waits, then again, however many each of them has."""

from datetime import datetime

from converter_service.conversions.identifiers import new_id
from converter_service.conversions.model import Conversion
from converter_service.conversions.ports import Queue
from converter_service.jobs.context import WorkLimits

LOOKS_AT_MOST = 100


class HeldBack(Exception):
    """What waits is of accounts that have as much running as they may."""


class Fairness:
    """Round robin over accounts. Each worker goes a round of its own: nothing has to be stored or agreed on.

    It begins somewhere, so that workers which are started again and again favour nobody.
    """

    def __init__(self, queue: Queue, limits: WorkLimits) -> None:
        self._queue = queue
        self._per_account = limits.per_account
        self._served = new_id()[-8:]

    async def next(self, now: datetime) -> Conversion | None:
        """The oldest of the account whose turn it is. Raises HeldBack, and Unavailable.

        Workers that look at the same moment may bring an account one above its bound.
        """
        held_back, after, begun_again = False, self._served, False
        for _ in range(LOOKS_AT_MOST):
            found = await self._queue.next(now, after)
            if found and await self._may_run(found.owner_id):
                return found
            if found is None and begun_again:
                break
            begun_again = begun_again or found is None
            held_back = held_back or found is not None
            after = found.owner_id if found else ""
        if held_back:
            raise HeldBack
        return None

    def served(self, owner_id: str) -> None:
        """The others come first now."""
        self._served = owner_id

    async def _may_run(self, owner_id: str) -> bool:
        return not self._per_account or await self._queue.running(owner_id) < self._per_account
