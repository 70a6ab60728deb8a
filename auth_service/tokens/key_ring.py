"""The signing keys in memory: read from the store now and then, because another replica may rotate them."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec

from auth_service.repository import Store
from auth_service.tokens.signing_key import KeyPair
from shared.errors import Unavailable
from shared.logs import get_logger
from shared.settings import Secret

FRESH = timedelta(seconds=3)
PAUSE = timedelta(seconds=1)
# A new key is known everywhere before it signs: every replica has asked again by then.
KNOWN_BEFORE_SIGNING = FRESH + timedelta(seconds=2)
ASK_S = 1.0


class RingKey(msgspec.Struct, frozen=True):
    """A key, and when it signs. It verifies for as long as the store gives it out."""

    pair: KeyPair
    signs_from: datetime
    retired_at: datetime | None

    def signs(self, now: datetime) -> bool:
        return self.signs_from <= now and (self.retired_at is None or self.retired_at > now)


class KeyRing:
    """All keys by `kid`, as new as three seconds, or as old as PostgreSQL has been away.

    The store is asked at most once in PAUSE, however many tokens name keys that nobody knows.
    """

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._keys: list[RingKey] = []
        self._asked: datetime | None = None
        self._asking = asyncio.Lock()

    async def signing(self) -> KeyPair:
        """The newest that may sign by now. Raises Unavailable while none has been read yet."""
        await self._no_older_than(FRESH)
        now = self._now()
        return next((key for key in self._keys if key.signs(now)), self._keys[0]).pair

    async def all(self) -> Mapping[str, KeyPair]:
        """Newest first. Raises Unavailable while none has been read yet."""
        return await self._no_older_than(FRESH)

    async def newest(self) -> Mapping[str, KeyPair]:
        """As `all`, asking again if the last answer is older than PAUSE."""
        return await self._no_older_than(PAUSE)

    async def _no_older_than(self, age: timedelta) -> Mapping[str, KeyPair]:
        if self._is_older_than(age):
            async with self._asking:
                if self._is_older_than(age):
                    await self._ask()
        if not self._keys:
            raise Unavailable("Accounts are not ready yet.")
        return {key.pair.kid: key.pair for key in self._keys}

    def _is_older_than(self, age: timedelta) -> bool:
        wanted = age if self._keys else timedelta()
        return self._asked is None or self._now() - self._asked >= wanted

    async def _ask(self) -> None:
        """Who waits for the keys waits for the database as well: with keys at hand, not for long."""
        known = {key.pair.kid: key.pair for key in self._keys}
        try:
            async with asyncio.timeout(ASK_S if known else None):
                async with self._store.transaction() as repository:
                    stored = await repository.signing_keys.unexpired(self._now())
            pairs = {row.kid: known.get(row.kid) or KeyPair(Secret(row.private_pem)) for row in stored}
            self._keys = [RingKey(pairs[row.kid], row.signs_from, row.retired_at) for row in stored]
        except (Unavailable, TimeoutError):
            if not known:
                raise
            get_logger(__name__).warning("keeping the signing keys known so far")
        finally:
            self._asked = self._now()
