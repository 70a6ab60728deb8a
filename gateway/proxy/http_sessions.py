"""HTTP client sessions for the services: pooled, bounded, with timeouts for silent peers."""

import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import aiohttp
import msgspec
from aiohappyeyeballs import AddrInfoType

from shared.http.server import QUIET_S

CONNECT_S = 3.0
# A stopping service closes connections that were idle for QUIET_S. Pooled connections expire earlier, so that
# none is closed at the moment of its reuse.
KEEPALIVE_S = QUIET_S - 0.5
NOT_ADDED = frozenset({"User-Agent", "Accept", "Accept-Encoding", "Content-Type"})


class Sessions(msgspec.Struct, frozen=True):
    """`single_use` is for uploads: a streamed body cannot be sent again when a pooled connection turns out to
    be closed, and a connection whose upload was refused cannot be reused. `live` is for event streams, which
    hold their connections for long and must not exhaust the other pools.
    """

    pooled: aiohttp.ClientSession
    single_use: aiohttp.ClientSession
    live: aiohttp.ClientSession

    def for_events(self) -> "Sessions":
        """Those of event streams."""
        return Sessions(self.live, self.live, self.live)


@asynccontextmanager
async def open_http_sessions(
    max_connections: int, live: int, silence: timedelta, tls: ssl.SSLContext
) -> AsyncIterator[Sessions]:
    """`live` bounds the connections for event streams, `max_connections` those of each of the other pools.
    `silence` bounds the time for which a peer may leave bytes unacknowledged. `tls` is for services at
    https URLs.
    """
    async with AsyncExitStack() as stack:
        pooled = await stack.enter_async_context(_session(max_connections, silence, tls, single_use=False))
        single_use = await stack.enter_async_context(_session(max_connections, silence, tls, single_use=True))
        live_session = await stack.enter_async_context(_session(live, silence, tls, single_use=False))
        yield Sessions(pooled, single_use, live_session)


def _session(
    max_connections: int, silence: timedelta, tls: ssl.SSLContext, *, single_use: bool
) -> aiohttp.ClientSession:
    """Without cookies, decompression and proxies from the environment: messages are relayed unchanged."""

    def open_socket(address: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, _ = address
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux only; elsewhere the kernel's own timeout applies
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(silence.total_seconds() * 1000))
        return made

    if single_use:
        connector = aiohttp.TCPConnector(
            limit=max_connections, force_close=True, socket_factory=open_socket, ssl=tls
        )
    else:
        connector = aiohttp.TCPConnector(
            limit=max_connections, keepalive_timeout=KEEPALIVE_S, socket_factory=open_socket, ssl=tls
        )
    session = aiohttp.ClientSession(
        connector=connector,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=NOT_ADDED,
        trust_env=False,
    )
    # aiohttp would repeat PUT and DELETE as well: a DELETE that was handled before its connection broke would
    # be answered 404 the second time. There is no setting for it; aiohttp's own test client does the same.
    session._retry_connection = False  # noqa: SLF001
    return session
