"""Login throttling: slows down password guessing without locking out the account's owner.

Failures are counted per account and network, and per account over all unknown networks. A network is known
if the account's owner has signed in from it before.

- After `free_failures` consecutive failures, each further one doubles the delay: up to 15 minutes, but at
  most one minute in a known network. A neighbour in that network can delay the owner, not lock them out.
- After 100 failures within an hour from unknown networks together, unknown networks are refused for the rest
  of the hour (distributed attack; ASVS 4.0 §2.2.1, NIST SP 800-63B-4 §3.2.2 "no more than 100"). Known
  networks are still admitted, and a password reset by mail makes its network a known one.

Addresses without an account are counted in the same way, so a refusal does not reveal whether an account
exists (ASVS 5.0 §6.1.1, §6.3.1, §6.3.8).
"""

import hashlib
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from auth_service.database.engine import Database, Transaction
from auth_service.throttle.model import Count
from auth_service.throttle.repository import CounterRepository, KnownNetworkRepository, ThrottleQueries
from shared.errors import RateLimited
from shared.logs import get_logger

MAX_FROM_UNKNOWN_NETWORKS = 100
UNKNOWN_NETWORKS_WINDOW = timedelta(hours=1)
FAILURES_KEPT = timedelta(hours=1)
MAX_DELAY = timedelta(minutes=15)
MAX_DELAY_KNOWN_NETWORK = timedelta(minutes=1)
NO_USER = UUID(int=0)


class Throttle:
    """Counts login failures and delays further attempts.

    `address` is canonical. Without an account `user_id` is None, and the same queries run.
    """

    def __init__(self, database: Database, free_failures: int, now: Callable[[], datetime]) -> None:
        self._database = database
        self._queries = ThrottleQueries(database)
        self._free_failures = free_failures
        self._now = now

    async def check(self, address: str, user_id: UUID | None, network: str) -> None:
        """Raises RateLimited while a delay or the limit for unknown networks is in force."""
        now, here, anywhere = self._now(), _network_key(address, network), _account_key(address)
        counts = await self._queries.counts((here, anywhere), now)
        known = await self._queries.is_network_known(user_id or NO_USER, network)
        until = self._delayed_until(counts.get(here), now, known=known)
        if not known:
            until = max(until, _exhausted_until(counts.get(anywhere), now))
        if until > now:
            raise RateLimited(
                "Too many failed sign-ins.", retry_after_s=math.ceil((until - now).total_seconds())
            )

    async def record_failure(self, address: str, user_id: UUID | None, network: str) -> None:
        now = self._now()
        known = await self._queries.is_network_known(user_id or NO_USER, network)
        async with self._database.transaction() as transaction:
            counters = CounterRepository(transaction)
            # Always in this order, so that concurrent failures cannot deadlock; and always both, so that the
            # response time does not reveal whether the network is known.
            key = _known_network_key(address) if known else _account_key(address)
            count = await counters.increment(key, now, now + UNKNOWN_NETWORKS_WINDOW, sliding=False)
            if count == MAX_FROM_UNKNOWN_NETWORKS and not known:
                get_logger(__name__).warning("distributed password guessing", account=str(user_id))
            await counters.increment(_network_key(address, network), now, now + FAILURES_KEPT, sliding=True)

    async def record_success(
        self, transaction: Transaction, address: str, user_id: UUID, network: str
    ) -> None:
        """Marks the network as known and clears its failures; those in other networks still count."""
        await CounterRepository(transaction).clear(_network_key(address, network))
        await KnownNetworkRepository(transaction).remember(user_id, network, self._now())

    def _delayed_until(self, failures: Count | None, now: datetime, *, known: bool) -> datetime:
        surplus = failures.count - self._free_failures if failures else -1
        if failures is None or surplus < 0:
            return now
        longest = MAX_DELAY_KNOWN_NETWORK if known else MAX_DELAY
        return failures.last_at + min(longest, timedelta(seconds=2.0 ** min(surplus, 20)))


def _exhausted_until(failures: Count | None, now: datetime) -> datetime:
    return failures.forget_at if failures and failures.count >= MAX_FROM_UNKNOWN_NETWORKS else now


def _network_key(address: str, network: str) -> bytes:
    return hashlib.sha256(f"sign-in\n{address}\n{network}".encode()).digest()


def _account_key(address: str) -> bytes:
    return hashlib.sha256(f"sign-in\n{address}".encode()).digest()


def _known_network_key(address: str) -> bytes:
    """A counter without a limit, incremented in place of the account's to keep the response time equal."""
    return hashlib.sha256(f"sign-in\n{address}\n\n".encode()).digest()
