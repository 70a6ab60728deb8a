"""Cache of one document of a provider, with rate-limited refreshes."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from auth_service.oauth.errors import ProviderUnavailable

T = TypeVar("T")

MAX_AGE = timedelta(hours=1)
MAX_STALE_AGE = timedelta(days=1)
MIN_FETCH_INTERVAL = timedelta(seconds=5)


class DocumentCache(Generic[T]):
    """A document at most MAX_AGE old, or MAX_STALE_AGE while the provider is unavailable.

    It is fetched at most once per MIN_FETCH_INTERVAL, however many logins wait for it; after a failed fetch
    all of them fail at once.
    """

    def __init__(self, fetch: Callable[[], Awaitable[T]], now: Callable[[], datetime]) -> None:
        self._fetch = fetch
        self._now = now
        self._value: T | None = None
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._fetching = asyncio.Lock()

    async def get(self) -> T:
        """The cached or newly fetched document. Raises ProviderUnavailable if there is none."""
        return await self._not_older_than(MAX_AGE)

    async def refresh(self) -> T:
        """As `get`, fetched again unless that was done within MIN_FETCH_INTERVAL."""
        return await self._not_older_than(MIN_FETCH_INTERVAL)

    async def _not_older_than(self, age: timedelta) -> T:
        if self._is_older_than(age):
            async with self._fetching:
                if not self._was_just_tried() and self._is_older_than(age):
                    await self._update()
        if self._value is None or self._is_older_than(MAX_STALE_AGE):
            raise ProviderUnavailable
        return self._value

    def _was_just_tried(self) -> bool:
        return self._tried_at is not None and self._now() - self._tried_at < MIN_FETCH_INTERVAL

    def _is_older_than(self, age: timedelta) -> bool:
        return self._fetched_at is None or self._now() - self._fetched_at >= age

    async def _update(self) -> None:
        try:
            self._value = await self._fetch()
            self._fetched_at = self._now()
        except ProviderUnavailable:
            if self._value is None:
                raise
        finally:
            self._tried_at = self._now()
