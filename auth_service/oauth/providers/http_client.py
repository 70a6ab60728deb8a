"""Calls to providers: only where they may go, only for so long, and no more than so much of an answer."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TypeVar

import aiohttp
import msgspec

from auth_service.oauth.errors import ProviderAway
from auth_service.oauth.providers.config import is_callable
from shared.http_client import read_body
from shared.logs import get_logger

T = TypeVar("T")

CALL_S, CONNECT_S = 4.0, 2.0
AT_ONCE = 20
LARGEST_ANSWER_BYTES = 512 * 1024


class Fetched(msgspec.Struct, frozen=True):
    """A small answer, whole."""

    status: int
    body: bytes

    def read(self, kind: type[T]) -> T:
        """Raises ProviderAway when it is not JSON of that form."""
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as bad:
            raise gone("its answer cannot be read") from bad


class Outbound:
    """One pool of connections to all providers. Every call raises ProviderAway when there is no good answer.

    Redirects are not followed, compression is not accepted, nobody's proxy or netrc settings are read.
    """

    def __init__(self, *, loopback_http: bool) -> None:
        self._loopback_http = loopback_http
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        timeout = aiohttp.ClientTimeout(total=CALL_S, connect=CONNECT_S, sock_connect=CONNECT_S)
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=AT_ONCE),
            timeout=timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "tonegate"},
            auto_decompress=False,
        ) as session:
            self._session = session
            yield

    def refuse_unsafe(self, url: str) -> None:
        """For addresses that a provider's own documents name (see `is_callable`)."""
        if not is_callable(url, loopback_http=self._loopback_http):
            raise gone("it names an address that may not be called")

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Fetched:
        """Only an answer of 200."""
        fetched = await self.call("GET", url, headers or {})
        if fetched.status != HTTPStatus.OK:
            raise gone("it answered with an error", status=fetched.status)
        return fetched

    async def call(
        self, method: str, url: str, headers: Mapping[str, str], body: str | None = None
    ) -> Fetched:
        """Whatever is below 500."""
        self.refuse_unsafe(url)
        if self._session is None:
            raise RuntimeError("no connections have been opened")
        try:
            async with self._session.request(
                method, url, headers=headers, data=body, allow_redirects=False
            ) as response:
                content = await _whole(response)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise gone(type(error).__name__) from error
        if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise gone("it answered with an error", status=response.status)
        return Fetched(response.status, content)


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise ValueError("compressed without being asked")
    return await read_body(response, LARGEST_ANSWER_BYTES)


def gone(reason: str, **more: object) -> ProviderAway:
    """The log learns why, the client does not."""
    get_logger(__name__).warning("a provider gave no good answer", reason=reason, **more)
    return ProviderAway()
