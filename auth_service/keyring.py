"""The signing keys in memory: read from the store now and then, because another replica may rotate them."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from auth_service.keys import KeyPair
from auth_service.repository import Store
from shared.errors import Unavailable
from shared.logs import get_logger

FRESH = timedelta(seconds=60)
PAUSE = timedelta(seconds=5)


class KeyRing:
    """All keys by `kid`, as new as a minute, or as old as PostgreSQL has been away.

    The store is asked at most once in PAUSE, however many tokens name keys that nobody knows.
    """

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._keys: list[KeyPair] = []
        self._asked: datetime | None = None
        self._asking = asyncio.Lock()

    async def signing(self) -> KeyPair:
        """The key to sign with. Raises Unavailable while none has been read yet."""
        return next(iter((await self.all()).values()))

    async def all(self) -> Mapping[str, KeyPair]:
        """The signing key comes first. Raises Unavailable while none has been read yet."""
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
        return {key.kid: key for key in self._keys}

    def _is_older_than(self, age: timedelta) -> bool:
        wanted = age if self._keys else timedelta()
        return self._asked is None or self._now() - self._asked >= wanted

    async def _ask(self) -> None:
        try:
            async with self._store.transaction() as repository:
                self._keys = await repository.keys(self._now())
        except Unavailable:
            if not self._keys:
                raise
            get_logger(__name__).warning("keeping the signing keys known so far")
        finally:
            self._asked = self._now()
