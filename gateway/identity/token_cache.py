"""What is known about tokens, for a few seconds: bounded, one question at a time, forgotten at once."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import msgspec

from gateway.identity.principal import Principal
from shared.errors import Overloaded

Introspect = Callable[[str], Awaitable[Principal | None]]

Digest = bytes


class Verdict(msgspec.Struct, frozen=True):
    """What auth_service said of a token: whose it is, or None for nobody's."""

    principal: Principal | None
    forget_at: float
    """On the cache's own clock."""


class Flight:
    """A question under way, and the sessions that were revoked while it was."""

    def __init__(self, task: "asyncio.Task[Principal | None]") -> None:
        self.task = task
        self.revoked: set[str] = set()
        self.stale = False


class TokenCache:
    """Keys are SHA-256 digests: the tokens themselves are not kept.

    A question outlives the request that asked it first, so that a client that hangs up does not fail the
    others who wait for the same answer. An answer that a revocation overtook is not believed.
    """

    def __init__(
        self,
        introspect: Introspect,
        ttl: timedelta,
        *,
        capacity: int = 10_000,
        questions_at_once: int = 512,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._introspect = introspect
        self._ttl_s = ttl.total_seconds()
        self._capacity = capacity
        self._questions_at_once = questions_at_once
        self._monotonic, self._wall = monotonic, wall
        self._live: OrderedDict[Digest, Verdict] = OrderedDict()
        self._void: OrderedDict[Digest, Verdict] = OrderedDict()
        self._by_session: dict[str, set[Digest]] = {}
        self._flights: dict[Digest, Flight] = {}
        self._stale_flights: set[Flight] = set()
        self._told: list[tuple[Callable[[str], None], Callable[[str | None], None]]] = []

    def tell(self, revoked: Callable[[str], None], in_doubt: Callable[[str | None], None]) -> None:
        """Who relies on what was known for longer than a request is told of sessions that ended, and of
        accounts (None: all) about which nothing is known any more.
        """
        self._told.append((revoked, in_doubt))

    def recall(self, token: str) -> Verdict | None:
        """What is known without asking; None when nothing is."""
        digest = _digest(token)
        for verdicts in (self._live, self._void):
            verdict = verdicts.get(digest)
            if verdict is None:
                continue
            if verdict.forget_at > self._monotonic():
                verdicts.move_to_end(digest)
                return verdict
            self._forget(digest)
        return None

    async def ask(self, token: str) -> Principal | None:
        """Whose token this is, or None. Raises what the question raises, and Overloaded when too many are
        under way.
        """
        if known := self.recall(token):
            return known.principal
        digest = _digest(token)
        flight = self._flights.get(digest) or self._depart(digest, token)
        principal = await asyncio.shield(flight.task)
        if principal is not None and principal.session_id in flight.revoked:
            return None
        return principal

    def revoke_session(self, session_id: str) -> None:
        """Its tokens are void from now on, also those being asked about at this moment."""
        for digest in self._by_session.pop(session_id, set()):
            self._live.pop(digest, None)
        for flight in (*self._flights.values(), *self._stale_flights):
            flight.revoked.add(session_id)
        for revoked, _ in self._told:
            revoked(session_id)

    def forget_user(self, user_id: str) -> None:
        """The account has changed: what is known of its tokens is asked anew. Questions that are under way
        began before the change, so their answers are not kept and serve nobody who comes later.
        """
        of_user = [
            digest
            for digest, verdict in self._live.items()
            if verdict.principal is not None and verdict.principal.user_id == user_id
        ]
        for digest in of_user:
            self._forget(digest)
        self._outdate_flights()
        self._doubt(user_id)

    @contextmanager
    def changing(self, user_id: str) -> Iterator[None]:
        """Around a call that changes an account. A call that failed may have changed it all the same."""
        try:
            yield
        finally:
            self.forget_user(user_id)

    def forget_all(self) -> None:
        """After a gap in the news of revocations: nothing that was heard before it can be relied on."""
        self._live.clear()
        self._void.clear()
        self._by_session.clear()
        self._outdate_flights()
        self._doubt(None)

    async def aclose(self) -> None:
        """Ends all questions under way."""
        tasks = [flight.task for flight in (*self._flights.values(), *self._stale_flights)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def __len__(self) -> int:
        return len(self._live) + len(self._void)

    def _doubt(self, user_id: str | None) -> None:
        for _, in_doubt in self._told:
            in_doubt(user_id)

    def _outdate_flights(self) -> None:
        for flight in self._flights.values():
            flight.stale = True
            self._stale_flights.add(flight)
        self._flights.clear()

    def _depart(self, digest: Digest, token: str) -> Flight:
        if len(self._flights) + len(self._stale_flights) >= self._questions_at_once:
            raise Overloaded("Too many sign-ins are being checked right now.")
        flight = Flight(asyncio.ensure_future(self._introspect(token)))
        self._flights[digest] = flight
        flight.task.add_done_callback(lambda _: self._land(digest, flight))
        return flight

    def _land(self, digest: Digest, flight: Flight) -> None:
        if self._flights.get(digest) is flight:
            del self._flights[digest]
        self._stale_flights.discard(flight)
        if flight.task.cancelled() or flight.task.exception() is not None or flight.stale:
            return
        principal = flight.task.result()
        if principal is not None and principal.session_id in flight.revoked:
            principal = None
        self._remember(digest, principal)

    def _remember(self, digest: Digest, principal: Principal | None) -> None:
        left_s = self._ttl_s
        if principal is not None:
            left_s = min(left_s, principal.expires_at - self._wall())
        if left_s <= 0:
            return
        verdicts = self._void if principal is None else self._live
        verdicts[digest] = Verdict(principal, self._monotonic() + left_s)
        if principal is not None and principal.session_id is not None:
            self._by_session.setdefault(principal.session_id, set()).add(digest)
        # Void tokens have a place of their own: a flood of made-up ones must not push out the real ones.
        while len(verdicts) > self._capacity:
            self._forget(next(iter(verdicts)))

    def _forget(self, digest: Digest) -> None:
        self._void.pop(digest, None)
        verdict = self._live.pop(digest, None)
        if verdict is None or verdict.principal is None or verdict.principal.session_id is None:
            return
        digests = self._by_session.get(verdict.principal.session_id, set())
        digests.discard(digest)
        if not digests:
            self._by_session.pop(verdict.principal.session_id, None)


def _digest(token: str) -> Digest:
    return hashlib.sha256(token.encode()).digest()
