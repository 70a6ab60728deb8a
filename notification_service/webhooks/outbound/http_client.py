"""One attempt at a webhook over HTTP. Only this file of webhooks knows aiohttp.

A name is looked up once for each connection, every address that it has is checked, and the connection goes to
one of those (RFC 6890 lists who is nobody's business; DNS rebinding is answered by never asking twice).
"""

import asyncio
import contextlib
import email.utils
import functools
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Self

import aiohttp
from aiohappyeyeballs import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from notification_service.webhooks.delivery import Answer
from notification_service.webhooks.outbound.address_policy import IPAddress, Reachable, address_in
from notification_service.webhooks.ports import Lookup

MOST_READ_BYTES = 4 * 1024
READING_S = 2.0
LOOKUP_S = 5.0


class Unreachable(OSError):
    """An address that may not be called."""


class SystemLookup:
    """The system's resolver, in threads of its own: a name server that never answers holds up nobody else."""

    def __init__(self, at_once: int) -> None:
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="webhook-dns")

    async def __call__(self, host: str) -> Sequence[IPAddress]:
        asking = functools.partial(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM)
        try:
            async with asyncio.timeout(LOOKUP_S):
                found = await asyncio.get_running_loop().run_in_executor(self._threads, asking)
        except UnicodeError:  # a label of more than 63 characters, say
            raise OSError("not a host name") from None
        return list({ip_address(str(entry[4][0]).partition("%")[0]) for entry in found})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class CheckedResolver(AbstractResolver):
    """For aiohttp: names whose addresses may all be called; one that has any other is refused altogether."""

    def __init__(self, lookup: Lookup, reachable: Reachable) -> None:
        self._lookup, self._reachable = lookup, reachable

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - of either family, and all checked
    ) -> list[ResolveResult]:
        addresses = await self._lookup(host)
        if not addresses:
            raise OSError("no address")
        if not all(map(self._reachable, addresses)):
            raise Unreachable(host)
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""


class HttpPoster:
    """A Poster: one new connection an attempt, `timeout` for all of it."""

    def __init__(self, session: aiohttp.ClientSession, timeout: timedelta) -> None:
        self._session, self._timeout = session, timeout

    async def post(self, target: URL, body: bytes, headers: dict[str, str]) -> Answer:
        clock = asyncio.get_running_loop()
        began = clock.time()
        try:
            async with self._session.post(
                target,
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=self._timeout.total_seconds()),
            ) as response:
                await _taste(response)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return Answer(duration_s=clock.time() - began, error=_word(error))
        return Answer(
            duration_s=clock.time() - began,
            status=response.status,
            error=_refusal(response.status),
            retry_after=_retry_after(response.headers.get("Retry-After", "")),
        )


@asynccontextmanager
async def posting(reachable: Reachable, lookup: Lookup, timeout: timedelta) -> AsyncIterator[HttpPoster]:
    """No cookies, no redirects, no decompression, no proxies from the environment, no second look-up."""

    def opened(address: AddrInfoType) -> socket.socket:
        """The last gate: whatever led here, nothing else is connected to."""
        family, kind, protocol, _, target = address
        wanted = address_in(str(target[0]))
        if wanted is None or not reachable(wanted):
            raise Unreachable(str(target[0]))
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        return made

    connector = aiohttp.TCPConnector(
        resolver=CheckedResolver(lookup, reachable),
        use_dns_cache=False,
        force_close=True,
        limit=0,  # the deliverer bounds what is under way
        socket_factory=opened,
    )
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        headers={
            "Content-Type": "application/json",
            "User-Agent": "Tonegate-Webhooks",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
        },
    ) as session:
        yield HttpPoster(session, timeout)


async def _taste(response: aiohttp.ClientResponse) -> None:
    """A little of the answer's body, so that a receiver that writes one is not cut off at once. What it says,
    and whether it ends, changes nothing: the status has been said.
    """
    with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
        async with asyncio.timeout(READING_S):
            left = MOST_READ_BYTES
            while left > 0 and (piece := await response.content.read(left)):
                left -= len(piece)


def _refusal(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    return "redirected" if 300 <= status < 400 else "refused"


def _retry_after(said: str) -> timedelta | None:
    """Seconds or a date (RFC 9110 §10.2.3); None for anything else."""
    if said.isascii() and said.isdigit() and len(said) < 10:
        return timedelta(seconds=int(said))
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        at = email.utils.parsedate_to_datetime(said)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)
    return None


# The first that fits. Owners read these words: none tells more than they could find out themselves.
WORDS: tuple[tuple[Callable[[BaseException], bool], str], ...] = (
    (lambda error: _caused_by(error, Unreachable), "address_not_allowed"),
    (lambda error: isinstance(error, TimeoutError), "timed_out"),
    (lambda error: isinstance(error, aiohttp.ClientConnectorDNSError), "host_not_found"),
    (lambda error: isinstance(error, aiohttp.ClientSSLError), "tls_failed"),
    (lambda error: _caused_by(error, ssl.SSLError), "tls_failed"),
    (lambda error: isinstance(error, aiohttp.ClientConnectorError), "not_connected"),
    (lambda error: isinstance(error, aiohttp.ClientResponseError), "bad_answer"),
    (lambda error: isinstance(error, ValueError), "bad_answer"),
)


def _word(error: BaseException) -> str:
    return next((word for fits, word in WORDS if fits(error)), "connection_broken")


def _caused_by(error: BaseException | None, kind: type[BaseException]) -> bool:
    """Also through what wrapped it, and through several attempts at once."""
    if error is None or isinstance(error, kind):
        return error is not None
    if isinstance(error, BaseExceptionGroup):
        return any(_caused_by(each, kind) for each in error.exceptions)
    return _caused_by(error.__cause__, kind) or _caused_by(getattr(error, "os_error", None), kind)
