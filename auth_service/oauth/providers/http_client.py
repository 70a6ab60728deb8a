"""HTTP client for providers: allowed URLs only, with time limits and bounded response bodies."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TypeVar

import aiohttp
import msgspec

from auth_service.oauth.errors import ProviderUnavailable
from auth_service.oauth.providers.config import is_allowed_url
from shared.http_client import read_body
from shared.logs import get_logger

T = TypeVar("T")

TOTAL_TIMEOUT_S, CONNECT_TIMEOUT_S = 4.0, 2.0
MAX_CONNECTIONS = 20
MAX_BODY_BYTES = 512 * 1024


class ProviderResponse(msgspec.Struct, frozen=True):
    """A response with its whole body."""

    status: int
    body: bytes

    def decode(self, kind: type[T]) -> T:
        """Decodes the JSON body. Raises ProviderUnavailable if it does not match `kind`."""
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise provider_unavailable("malformed response body") from error


class ProviderHttpClient:
    """One connection pool for all providers. Every failure is raised as ProviderUnavailable.

    Redirects are not followed, compression is not accepted, proxy and netrc settings are not read.
    """

    def __init__(self, *, loopback_http: bool) -> None:
        self._loopback_http = loopback_http
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        timeout = aiohttp.ClientTimeout(
            total=TOTAL_TIMEOUT_S, connect=CONNECT_TIMEOUT_S, sock_connect=CONNECT_TIMEOUT_S
        )
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS),
            timeout=timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "tonegate"},
            auto_decompress=False,
        ) as session:
            self._session = session
            yield

    def require_allowed(self, url: str) -> None:
        """Raises ProviderUnavailable unless `is_allowed_url` accepts the URL."""
        if not is_allowed_url(url, loopback_http=self._loopback_http):
            raise provider_unavailable("forbidden URL in the provider's metadata")

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> ProviderResponse:
        """A GET request; any status but 200 raises ProviderUnavailable."""
        response = await self.request("GET", url, headers or {})
        if response.status != HTTPStatus.OK:
            raise provider_unavailable("error response", status=response.status)
        return response

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: str | None = None
    ) -> ProviderResponse:
        """A request; a status of 500 or above raises ProviderUnavailable."""
        self.require_allowed(url)
        if self._session is None:
            raise RuntimeError("the client is not open")
        try:
            async with self._session.request(
                method, url, headers=headers, data=body, allow_redirects=False
            ) as response:
                content = await _read_body(response)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise provider_unavailable(type(error).__name__) from error
        if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise provider_unavailable("error response", status=response.status)
        return ProviderResponse(response.status, content)


async def _read_body(response: aiohttp.ClientResponse) -> bytes:
    """The whole body. Raises ValueError if it is compressed or longer than MAX_BODY_BYTES."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise ValueError("compressed without being asked")
    return await read_body(response, MAX_BODY_BYTES)


def provider_unavailable(reason: str, **details: object) -> ProviderUnavailable:
    """Logs the reason, and returns the error for the client, which does not contain it."""
    get_logger(__name__).warning("provider unavailable", reason=reason, **details)
    return ProviderUnavailable()
