"""auth_service's public keys (JWKS), fetched, cached and refreshed."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import msgspec

from shared.errors import Unavailable
from shared.logs import get_logger

MAX_KEYS_BYTES = 64 * 1024
# Less than a probe may take: of a server that hangs it must learn that the keys known are good enough.
FETCH_TIMEOUT_S = 2.0
REFRESH_AFTER_S = 300.0
# Keys rotate rarely: better an hour on the old ones than no service while auth_service restarts.
STALE_AT_MOST_S = 3600.0
# An unknown key id is worth a look, but forged tokens must not turn into a storm of look-ups.
LOOK_AGAIN_AFTER_S = 3.0
# Without any key nothing can be done at all.
FIRST_LOOKS_S = 0.5

Key = Mapping[str, Any]


class KeySet(msgspec.Struct, frozen=True):
    """A JSON Web Key Set (RFC 7517 §5)."""

    keys: tuple[dict[str, Any], ...]


class PublicKeys:
    """auth_service's public keys by id, fetched once for all who wait."""

    def __init__(
        self, http: aiohttp.ClientSession, auth_url: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._http = http
        self._url = auth_url.rstrip("/") + "/.well-known/jwks.json"
        self._monotonic = monotonic
        self._keys: Mapping[str, Key] = {}
        self._fetched = self._tried = float("-inf")
        self._failed = False
        self._fetching = asyncio.Lock()

    async def key(self, key_id: str) -> Key | None:
        """None when there is no such key. Raises Unavailable when that cannot be known."""
        if self._age(self._fetched) > REFRESH_AFTER_S or key_id not in self._keys:
            await self._look_again()
        if self._age(self._fetched) > STALE_AT_MOST_S or (self._failed and key_id not in self._keys):
            raise Unavailable("Tokens cannot be checked at the moment.")
        return self._keys.get(key_id)

    async def check(self) -> None:
        """Raises Unavailable while no token could be checked."""
        if self._age(self._fetched) > REFRESH_AFTER_S:
            await self._look_again()
        if self._age(self._fetched) > STALE_AT_MOST_S:
            raise Unavailable("Tokens cannot be checked at the moment.")

    def _age(self, moment: float) -> float:
        return self._monotonic() - moment

    async def _look_again(self) -> None:
        async with self._fetching:
            if self._age(self._tried) < (LOOK_AGAIN_AFTER_S if self._keys else FIRST_LOOKS_S):
                return
            try:
                self._keys = await self._fetch()
                self._fetched = self._monotonic()
                self._failed = False
            except (aiohttp.ClientError, TimeoutError, msgspec.MsgspecError) as failed:
                self._failed = True
                get_logger(__name__).warning("public keys not fetched", reason=type(failed).__name__)
            finally:  # also when whoever asked was cancelled: the next one need not wait for the same again
                self._tried = self._monotonic()

    async def _fetch(self) -> Mapping[str, Key]:
        limit = aiohttp.ClientTimeout(total=FETCH_TIMEOUT_S)
        async with self._http.get(self._url, timeout=limit, raise_for_status=True) as answer:
            body = await whole(answer.content)
        found = msgspec.json.decode(body, type=KeySet)
        return {str(key.get("kid", "")): key for key in found.keys}


async def whole(content: aiohttp.StreamReader) -> bytes:
    """All of it, however many pieces it comes in. Raises ClientPayloadError when it is too long."""
    body = bytearray()
    async for piece in content.iter_any():
        body += piece
        if len(body) > MAX_KEYS_BYTES:
            raise aiohttp.ClientPayloadError("too long for a set of keys")
    return bytes(body)
