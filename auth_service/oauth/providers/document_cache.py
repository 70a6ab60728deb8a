"""A document of a provider's, kept for a while and asked for again with restraint."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from auth_service.oauth.errors import ProviderAway

T = TypeVar("T")

FRESH = timedelta(hours=1)
STALE = timedelta(days=1)
PAUSE = timedelta(seconds=5)


class Remembered(Generic[T]):
    """As new as FRESH; while the provider is away, as old as STALE.

    The provider is asked at most once in PAUSE, however many sign-ins wait for it: each of them learns within
    a moment that the last attempt was in vain.
    """

    def __init__(self, fetch: Callable[[], Awaitable[T]], now: Callable[[], datetime]) -> None:
        self._fetch = fetch
        self._now = now
        self._value: T | None = None
        self._got: datetime | None = None
        self._asked: datetime | None = None
        self._asking = asyncio.Lock()

    async def get(self) -> T:
        """Raises ProviderAway when there is none."""
        return await self._no_older_than(FRESH)

    async def newer(self) -> T:
        """As `get`, asking again unless that was only just done."""
        return await self._no_older_than(PAUSE)

    async def _no_older_than(self, age: timedelta) -> T:
        if self._is_older_than(age):
            async with self._asking:
                if not self._has_just_asked() and self._is_older_than(age):
                    await self._ask()
        if self._value is None or self._is_older_than(STALE):
            raise ProviderAway
        return self._value

    def _has_just_asked(self) -> bool:
        return self._asked is not None and self._now() - self._asked < PAUSE

    def _is_older_than(self, age: timedelta) -> bool:
        return self._got is None or self._now() - self._got >= age

    async def _ask(self) -> None:
        try:
            self._value = await self._fetch()
            self._got = self._now()
        except ProviderAway:
            if self._value is None:
                raise
        finally:
            self._asked = self._now()
