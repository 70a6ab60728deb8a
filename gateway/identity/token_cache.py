"""Introspection cache: bounded, short TTL, single flight; entries are dropped on revocation."""

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
    """The result of an introspection: the token's principal, or None for an invalid token."""

    principal: Principal | None
    forget_at: float
    """Monotonic time in seconds."""


class PendingLookup:
    """An introspection that has not ended, and the sessions that were revoked since it started."""

    def __init__(self, task: "asyncio.Task[Principal | None]") -> None:
        self.task = task
        self.revoked: set[str] = set()
        self.stale = False


class TokenCache:
    """Introspection results by the SHA-256 digest of their token.

    A lookup is not cancelled with the request that started it, because others may wait for the same result.
    A result is not used when a revocation came after the start of its lookup.
    """

    def __init__(
        self,
        introspect: Introspect,
        ttl: timedelta,
        *,
        capacity: int = 10_000,
        max_lookups: int = 512,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._introspect = introspect
        self._ttl_s = ttl.total_seconds()
        self._capacity = capacity
        self._max_lookups = max_lookups
        self._monotonic, self._wall = monotonic, wall
        self._valid: OrderedDict[Digest, Verdict] = OrderedDict()
        self._invalid: OrderedDict[Digest, Verdict] = OrderedDict()
        self._by_session: dict[str, set[Digest]] = {}
        self._pending: dict[Digest, PendingLookup] = {}
        self._stale: set[PendingLookup] = set()
        self._subscribers: list[tuple[Callable[[str], None], Callable[[str | None], None]]] = []

    def subscribe(self, on_revoked: Callable[[str], None], on_dropped: Callable[[str | None], None]) -> None:
        """Calls `on_revoked` with the id of each revoked session, and `on_dropped` with the id of each
        account whose entries are dropped, or None for all accounts.
        """
        self._subscribers.append((on_revoked, on_dropped))

    def cached(self, token: str) -> Verdict | None:
        """The cached result; None when there is none."""
        digest = _digest(token)
        for verdicts in (self._valid, self._invalid):
            verdict = verdicts.get(digest)
            if verdict is None:
                continue
            if verdict.forget_at > self._monotonic():
                verdicts.move_to_end(digest)
                return verdict
            self._forget(digest)
        return None

    async def look_up(self, token: str) -> Principal | None:
        """The token's principal, or None for an invalid token. Raises what the introspection raises, and
        Overloaded when `max_lookups` introspections are pending.
        """
        if known := self.cached(token):
            return known.principal
        digest = _digest(token)
        lookup = self._pending.get(digest) or self._start(digest, token)
        principal = await asyncio.shield(lookup.task)
        if principal is not None and principal.session_id in lookup.revoked:
            return None
        return principal

    def revoke_session(self, session_id: str) -> None:
        """Drops the session's tokens, and makes the results of pending lookups of them invalid."""
        for digest in self._by_session.pop(session_id, set()):
            self._valid.pop(digest, None)
        for lookup in (*self._pending.values(), *self._stale):
            lookup.revoked.add(session_id)
        for on_revoked, _ in self._subscribers:
            on_revoked(session_id)

    def forget_user(self, user_id: str) -> None:
        """Drops the entries of an account that has changed. Pending lookups may have read it before the
        change: their results are not cached, and not used for later requests.
        """
        of_user = [
            digest
            for digest, verdict in self._valid.items()
            if verdict.principal is not None and verdict.principal.user_id == user_id
        ]
        for digest in of_user:
            self._forget(digest)
        self._outdate_pending()
        self._notify_dropped(user_id)

    @contextmanager
    def changing(self, user_id: str) -> Iterator[None]:
        """Drops the account's entries after the block, also when it failed: the account may have changed."""
        try:
            yield
        finally:
            self.forget_user(user_id)

    def forget_all(self) -> None:
        """Drops every entry, because revocations may have been missed."""
        self._valid.clear()
        self._invalid.clear()
        self._by_session.clear()
        self._outdate_pending()
        self._notify_dropped(None)

    async def aclose(self) -> None:
        """Cancels all pending lookups."""
        tasks = [lookup.task for lookup in (*self._pending.values(), *self._stale)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def __len__(self) -> int:
        return len(self._valid) + len(self._invalid)

    def _notify_dropped(self, user_id: str | None) -> None:
        for _, on_dropped in self._subscribers:
            on_dropped(user_id)

    def _outdate_pending(self) -> None:
        for lookup in self._pending.values():
            lookup.stale = True
            self._stale.add(lookup)
        self._pending.clear()

    def _start(self, digest: Digest, token: str) -> PendingLookup:
        if len(self._pending) + len(self._stale) >= self._max_lookups:
            raise Overloaded("Too many access tokens are being checked right now.")
        lookup = PendingLookup(asyncio.ensure_future(self._introspect(token)))
        self._pending[digest] = lookup
        lookup.task.add_done_callback(lambda _: self._complete(digest, lookup))
        return lookup

    def _complete(self, digest: Digest, lookup: PendingLookup) -> None:
        if self._pending.get(digest) is lookup:
            del self._pending[digest]
        self._stale.discard(lookup)
        if lookup.task.cancelled() or lookup.task.exception() is not None or lookup.stale:
            return
        principal = lookup.task.result()
        if principal is not None and principal.session_id in lookup.revoked:
            principal = None
        self._remember(digest, principal)

    def _remember(self, digest: Digest, principal: Principal | None) -> None:
        left_s = self._ttl_s
        if principal is not None:
            left_s = min(left_s, principal.expires_at - self._wall())
        if left_s <= 0:
            return
        verdicts = self._invalid if principal is None else self._valid
        verdicts[digest] = Verdict(principal, self._monotonic() + left_s)
        if principal is not None and principal.session_id is not None:
            self._by_session.setdefault(principal.session_id, set()).add(digest)
        # Invalid tokens have a capacity of their own: a flood of them must not evict the valid ones.
        while len(verdicts) > self._capacity:
            self._forget(next(iter(verdicts)))

    def _forget(self, digest: Digest) -> None:
        self._invalid.pop(digest, None)
        verdict = self._valid.pop(digest, None)
        if verdict is None or verdict.principal is None or verdict.principal.session_id is None:
            return
        digests = self._by_session.get(verdict.principal.session_id, set())
        digests.discard(digest)
        if not digests:
            self._by_session.pop(verdict.principal.session_id, None)


def _digest(token: str) -> Digest:
    return hashlib.sha256(token.encode()).digest()
