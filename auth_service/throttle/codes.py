"""Throttling of one-time codes: they have six digits, and who guesses them has the password already.

Failures are counted as those of passwords are, but for longer and over all logins of the account:

- After FREE_FAILURES failures from one network, each further one doubles the delay, up to an hour.
- After MAX_FROM_UNKNOWN_NETWORKS failures within a day from unknown networks together, codes from unknown
  networks are refused for the rest of that day.

So an attacker has at most twenty tries a day (with three valid codes of a million: one in fifty within a
year), and 24 more from a network of the owner. The owner is not locked out: codes from known networks,
passkeys and recovery codes are still accepted. Passkeys and recovery codes cannot be guessed and are not
counted.
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from auth_service.database.engine import Transaction
from auth_service.throttle.repository import CounterRepository, KnownNetworkRepository
from shared.errors import RateLimited
from shared.logs import get_logger

FREE_FAILURES = 5
MAX_DELAY = timedelta(hours=1)
MAX_FROM_UNKNOWN_NETWORKS = 20
WINDOW = timedelta(days=1)


@dataclass(frozen=True)
class CodeThrottle:
    """All methods are called while the transaction holds the account's lock, so that concurrent guesses are
    judged by each other's outcome, on all replicas.
    """

    now: Callable[[], datetime]

    async def check(self, transaction: Transaction, user_id: UUID, network: str) -> None:
        """Raises RateLimited while a delay or the limit for unknown networks is in force."""
        now, here, anywhere = self.now(), _network_key(user_id, network), _account_key(user_id)
        counts = await CounterRepository(transaction).counts((here, anywhere), now)
        until = now
        if (failures := counts.get(here)) and failures.count >= FREE_FAILURES:
            delay = timedelta(seconds=2.0 ** min(failures.count - FREE_FAILURES, 20))
            until = failures.last_at + min(delay, MAX_DELAY)
        failures, networks = counts.get(anywhere), KnownNetworkRepository(transaction)
        is_exhausted = failures is not None and failures.count >= MAX_FROM_UNKNOWN_NETWORKS
        if failures and is_exhausted and not await networks.is_known(user_id, network):
            until = max(until, failures.forget_at)
        if until > now:
            raise RateLimited("Too many wrong codes.", retry_after_s=math.ceil((until - now).total_seconds()))

    async def record_failure(self, transaction: Transaction, user_id: UUID, network: str) -> None:
        now, counters = self.now(), CounterRepository(transaction)
        await counters.increment(_network_key(user_id, network), now, now + WINDOW, sliding=True)
        if await KnownNetworkRepository(transaction).is_known(user_id, network):
            return
        count = await counters.increment(_account_key(user_id), now, now + WINDOW, sliding=False)
        if count == MAX_FROM_UNKNOWN_NETWORKS:
            get_logger(__name__).warning("guessing of one-time codes", account=str(user_id))

    async def record_success(self, transaction: Transaction, user_id: UUID, network: str) -> None:
        """Clears the network's failures; those in other networks still count."""
        await CounterRepository(transaction).clear(_network_key(user_id, network))


def _network_key(user_id: UUID, network: str) -> bytes:
    return hashlib.sha256(f"code\n{user_id}\n{network}".encode()).digest()


def _account_key(user_id: UUID) -> bytes:
    return hashlib.sha256(f"code\n{user_id}".encode()).digest()
