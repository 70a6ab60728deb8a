"""Fair queue: accounts take turns, one conversion each, however many each of them has waiting."""

from datetime import datetime

from converter_service.conversions.identifiers import new_id
from converter_service.conversions.model import Conversion
from converter_service.conversions.ports import Queue
from converter_service.jobs.context import JobLimits

MAX_LOOKUPS = 100


class AccountsAtLimit(Exception):
    """All waiting conversions belong to accounts that are at their limit of running ones."""


class FairQueue:
    """Round robin over accounts. Each worker keeps its own position, so that nothing is stored or shared.

    It starts at a random position, so that restarts favour no account.
    """

    def __init__(self, queue: Queue, limits: JobLimits) -> None:
        self._queue = queue
        self._per_account = limits.per_account
        self._served = new_id()[-8:]

    async def next(self, now: datetime) -> Conversion | None:
        """The oldest ready conversion of the next account, or None. Raises AccountsAtLimit and Unavailable.

        Concurrent workers may bring an account one above its limit.
        """
        at_limit, after, wrapped = False, self._served, False
        for _ in range(MAX_LOOKUPS):
            found = await self._queue.next(now, after)
            if found and await self._may_run(found.owner_id):
                return found
            if found is None and wrapped:
                break
            wrapped = wrapped or found is None
            at_limit = at_limit or found is not None
            after = found.owner_id if found else ""
        if at_limit:
            raise AccountsAtLimit
        return None

    def served(self, owner_id: str) -> None:
        """Moves the position behind this account."""
        self._served = owner_id

    async def _may_run(self, owner_id: str) -> bool:
        return not self._per_account or await self._queue.running(owner_id) < self._per_account
