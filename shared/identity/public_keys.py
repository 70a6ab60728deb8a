"""auth_service's public keys (JWKS): fetched, cached, refreshed."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import msgspec

from shared.contracts.sessions import KeySet
from shared.errors import Unavailable
from shared.http_client import read_body
from shared.logs import get_logger

MAX_KEYS_BYTES = 64 * 1024
# Shorter than the timeout of a readiness probe, so that cached keys count while auth_service hangs.
FETCH_TIMEOUT_S = 2.0
REFRESH_AFTER_S = 300.0
# Keys rotate rarely: cached ones stay in use for an hour while auth_service cannot be reached.
STALE_AT_MOST_S = 3600.0
# An unknown key id triggers a fetch, at most this often: forged tokens must not cause a storm of fetches.
REFETCH_AFTER_S = 3.0
# The same while no key is cached, when no token can be verified at all.
FIRST_REFETCH_AFTER_S = 0.5

Key = Mapping[str, Any]


class PublicKeys:
    """Public keys by id. Concurrent callers share one fetch."""

    def __init__(
        self, http: aiohttp.ClientSession, auth_url: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._http = http
        self._url = auth_url.rstrip("/") + "/.well-known/jwks.json"
        self._monotonic = monotonic
        self._keys: Mapping[str, Key] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._failed = False
        self._fetching = asyncio.Lock()

    async def key(self, key_id: str) -> Key | None:
        """None for an unknown key id. Raises Unavailable if the keys cannot be fetched."""
        if self._age(self._fetched_at) > REFRESH_AFTER_S or key_id not in self._keys:
            await self._refresh()
        if self._age(self._fetched_at) > STALE_AT_MOST_S or (self._failed and key_id not in self._keys):
            raise Unavailable("Tokens cannot be checked at the moment.")
        return self._keys.get(key_id)

    async def check(self) -> None:
        """Readiness probe. Raises Unavailable while no token can be verified."""
        if self._age(self._fetched_at) > REFRESH_AFTER_S:
            await self._refresh()
        if self._age(self._fetched_at) > STALE_AT_MOST_S:
            raise Unavailable("Tokens cannot be checked at the moment.")

    def _age(self, moment: float) -> float:
        return self._monotonic() - moment

    async def _refresh(self) -> None:
        async with self._fetching:
            if self._age(self._tried_at) < (REFETCH_AFTER_S if self._keys else FIRST_REFETCH_AFTER_S):
                return
            try:
                self._keys = await self._fetch()
                self._fetched_at = self._monotonic()
                self._failed = False
            except (aiohttp.ClientError, TimeoutError, msgspec.MsgspecError) as error:
                self._failed = True
                get_logger(__name__).warning("public keys not fetched", reason=type(error).__name__)
            finally:  # a cancelled fetch counts as a try, so that the next caller does not wait as long again
                self._tried_at = self._monotonic()

    async def _fetch(self) -> Mapping[str, Key]:
        timeout = aiohttp.ClientTimeout(total=FETCH_TIMEOUT_S)
        async with self._http.get(self._url, timeout=timeout, raise_for_status=True) as response:
            body = await read_body(response, MAX_KEYS_BYTES)
        key_set = msgspec.json.decode(body, type=KeySet)
        return {str(key.get("kid", "")): key for key in key_set.keys}
