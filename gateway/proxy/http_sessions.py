"""HTTP connections to the services: pooled, bounded, given up when the other side is silent."""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import aiohttp
import msgspec
from aiohappyeyeballs import AddrInfoType

CONNECT_S = 3.0
# Shorter than the services' own, so that a pooled connection is not closed by them just as it is used again.
KEEPALIVE_S = 5.0
OUR_OWN = frozenset({"User-Agent", "Accept", "Accept-Encoding", "Content-Type"})


class Sessions(msgspec.Struct, frozen=True):
    """`single_use` connections carry uploads: a body that was streamed cannot be sent again when a pooled
    connection turns out to be closed, and a connection whose upload was refused cannot be used again. `live`
    ones carry event streams, which hold theirs for long and must not take them from anybody else.
    """

    pooled: aiohttp.ClientSession
    single_use: aiohttp.ClientSession
    live: aiohttp.ClientSession


@asynccontextmanager
async def open_http_sessions(at_once: int, live: int, silence: timedelta) -> AsyncIterator[Sessions]:
    """`at_once` bounds the connections of each kind, `live` those for event streams; `silence` is how long a
    peer may leave bytes unacknowledged.
    """
    async with AsyncExitStack() as stack:
        pooled = await stack.enter_async_context(_session(at_once, silence, single_use=False))
        single_use = await stack.enter_async_context(_session(at_once, silence, single_use=True))
        watching = await stack.enter_async_context(_session(live, silence, single_use=False))
        yield Sessions(pooled, single_use, watching)


def _session(at_once: int, silence: timedelta, *, single_use: bool) -> aiohttp.ClientSession:
    """No cookies, no decompression, no proxies from the environment: what passes is what was sent."""

    def opened(address: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, _ = address
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux only; elsewhere the kernel's own time-out holds
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(silence.total_seconds() * 1000))
        return made

    if single_use:
        connector = aiohttp.TCPConnector(limit=at_once, force_close=True, socket_factory=opened)
    else:
        connector = aiohttp.TCPConnector(limit=at_once, keepalive_timeout=KEEPALIVE_S, socket_factory=opened)
    return aiohttp.ClientSession(
        connector=connector,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=OUR_OWN,
        trust_env=False,
    )
