"""How often a password may be guessed, without a way to lock its owner out.

Failures are counted for each account together with the client's network, and for each account over all
networks its owner has never signed in from:

- After `free_failures` in a row, each further one costs a wait that doubles: up to a quarter of an hour, but
  no more than a minute in a network that the owner is known from. A neighbour can slow the owner down, not
  more.
- After 100 failures in an hour from unknown networks together, those are refused for the rest of the hour
  (a distributed attack; ASVS 4.0 §2.2.1, NIST SP 800-63B-4 §3.2.2 "no more than 100"). Known networks still
  get in, and so does whoever resets the password by mail, which makes their network a known one.

Addresses without an account are counted in the same way: nobody learns from a refusal whether there is one
(ASVS 5.0 §6.1.1, §6.3.1, §6.3.8).
"""

import hashlib
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from auth_service.repository import Count, Repository, Store
from shared.errors import RateLimited
from shared.logs import get_logger

MOST_BY_STRANGERS = 100
STRANGERS_WINDOW = timedelta(hours=1)
FORGOTTEN_AFTER = timedelta(hours=1)
LONGEST_WAIT = timedelta(minutes=15)
LONGEST_WAIT_WHERE_KNOWN = timedelta(minutes=1)
NOBODY = UUID(int=0)


class Throttle:
    """`address` is canonical; without an account `user_id` is None, and the same work is done."""

    def __init__(self, store: Store, free_failures: int, now: Callable[[], datetime]) -> None:
        self._store = store
        self._free_failures = free_failures
        self._now = now

    async def admit(self, address: str, user_id: UUID | None, network: str) -> None:
        """Raises RateLimited while it has to wait."""
        now, here, anywhere = self._now(), _here(address, network), _anywhere(address)
        counts = await self._store.counts((here, anywhere), now)
        known = await self._store.is_network_known(user_id or NOBODY, network)
        until = self._delayed_until(counts.get(here), now, known=known)
        if not known:
            until = max(until, _exhausted_until(counts.get(anywhere), now))
        if until > now:
            raise RateLimited(
                "Too many failed sign-ins.", retry_after_s=math.ceil((until - now).total_seconds())
            )

    async def failed(self, address: str, user_id: UUID | None, network: str) -> None:
        now = self._now()
        known = await self._store.is_network_known(user_id or NOBODY, network)
        async with self._store.transaction() as repository:
            # Always in this order, so that two who fail at once never wait for each other; and always both,
            # so that the time does not tell that somebody has signed in from here before.
            elsewhere = _at_home(address) if known else _anywhere(address)
            count = await repository.tallies.add(elsewhere, now, now + STRANGERS_WINDOW, moving=False)
            if count == MOST_BY_STRANGERS and not known:
                get_logger(__name__).warning("an account is under attack", account=str(user_id))
            await repository.tallies.add(_here(address, network), now, now + FORGOTTEN_AFTER, moving=True)

    async def succeeded(self, repository: Repository, address: str, user_id: UUID, network: str) -> None:
        """The network is known from now on; the failures there are forgotten, elsewhere they are not."""
        await repository.tallies.clear([_here(address, network)])
        await repository.users.remember_network(user_id, network, self._now())

    def _delayed_until(self, failures: Count | None, now: datetime, *, known: bool) -> datetime:
        surplus = failures.count - self._free_failures if failures else -1
        if failures is None or surplus < 0:
            return now
        longest = LONGEST_WAIT_WHERE_KNOWN if known else LONGEST_WAIT
        return failures.last_at + min(longest, timedelta(seconds=2.0 ** min(surplus, 20)))


def _exhausted_until(failures: Count | None, now: datetime) -> datetime:
    return failures.forget_at if failures and failures.count >= MOST_BY_STRANGERS else now


def _here(address: str, network: str) -> bytes:
    return hashlib.sha256(f"sign-in\n{address}\n{network}".encode()).digest()


def _anywhere(address: str) -> bytes:
    return hashlib.sha256(f"sign-in\n{address}".encode()).digest()


def _at_home(address: str) -> bytes:
    """Counts nothing that matters."""
    return hashlib.sha256(f"sign-in\n{address}\n\n".encode()).digest()
