"""HTTP client of webhooks: one request per attempt, only to addresses that the policy allows."""

import asyncio
import contextlib
import email.utils
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, timedelta

import aiohttp
from aiohappyeyeballs import AddrInfoType
from yarl import URL

from notification_service.webhooks.outbound.address_admission import admit
from notification_service.webhooks.outbound.address_policy import AddressPolicy, parse_address
from notification_service.webhooks.outbound.error_codes import classify_error, classify_status
from notification_service.webhooks.outbound.ports import AttemptResult, Resolver
from notification_service.webhooks.outbound.resolver import AddressNotAllowed, PolicyResolver
from shared.clock import utc_now

MAX_RESPONSE_BYTES = 4 * 1024
RESPONSE_BODY_S = 2.0
HEADERS = {
    "Content-Type": "application/json",
    "User-Agent": "Tonegate-Webhooks",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
}


class WebhookHttpClient:
    """A WebhookClient that opens a new connection per request; `timeout` covers the whole request."""

    def __init__(self, session: aiohttp.ClientSession, timeout: timedelta) -> None:
        self._session, self._timeout = session, timeout

    async def post(self, target: URL, body: bytes, headers: dict[str, str]) -> AttemptResult:
        clock = asyncio.get_running_loop()
        began = clock.time()
        try:
            # A literal address never reaches the resolver.
            if literal := parse_address(target.raw_host or ""):
                await admit([literal])
            async with self._session.post(
                target,
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=self._timeout.total_seconds()),
            ) as response:
                await _discard_body(response)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return AttemptResult(duration_s=clock.time() - began, error=classify_error(error))
        return AttemptResult(
            duration_s=clock.time() - began,
            status=response.status,
            error=classify_status(response.status),
            retry_after=_parse_retry_after(response.headers.get("Retry-After", "")),
        )


@asynccontextmanager
async def open_http_client(
    policy: AddressPolicy, resolver: Resolver, timeout: timedelta
) -> AsyncIterator[WebhookHttpClient]:
    """Opens a client without cookies, redirects, decompression, environment proxies and DNS cache."""

    def open_socket(address: AddrInfoType) -> socket.socket:
        """Checks the address once more, just before the connection."""
        family, kind, protocol, _, target = address
        parsed = parse_address(str(target[0]))
        if parsed is None or not policy.allows(parsed):
            raise AddressNotAllowed(str(target[0]))
        opened = socket.socket(family, kind, protocol)
        opened.setblocking(False)
        return opened

    connector = aiohttp.TCPConnector(
        resolver=PolicyResolver(resolver, policy),
        use_dns_cache=False,
        force_close=True,
        limit=0,  # the dispatcher bounds concurrent requests
        socket_factory=open_socket,
    )
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        headers=HEADERS,
    ) as session:
        yield WebhookHttpClient(session, timeout)


async def _discard_body(response: aiohttp.ClientResponse) -> None:
    """Reads up to MAX_RESPONSE_BYTES of the body, so that the receiver sees no early close.

    Errors are ignored: the result depends on the status alone.
    """
    with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
        async with asyncio.timeout(RESPONSE_BODY_S):
            left = MAX_RESPONSE_BYTES
            while left > 0 and (piece := await response.content.read(left)):
                left -= len(piece)


def _parse_retry_after(value: str) -> timedelta | None:
    """Parses seconds or an HTTP date (RFC 9110 §10.2.3); None for anything else."""
    if value.isascii() and value.isdigit() and len(value) < 10:
        return timedelta(seconds=int(value))
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        at = email.utils.parsedate_to_datetime(value)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)) - utc_now()
    return None
