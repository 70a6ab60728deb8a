"""Name resolution for outbound webhook requests.

A name is resolved once per connection and all its addresses are checked, so DNS rebinding has no second
lookup to use.
"""

import asyncio
import functools
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver, ResolveResult

from notification_service.webhooks.outbound.address_admission import admit
from notification_service.webhooks.outbound.address_policy import AddressPolicy, IPAddress
from notification_service.webhooks.outbound.ports import Resolver

LOOKUP_S = 5.0


class AddressNotAllowed(OSError):
    """The address policy forbids a connection to this address."""


@contextmanager
def open_system_resolver(max_threads: int) -> Iterator[Resolver]:
    """Opens the system's resolver in its own threads: a name server that hangs blocks no other work."""
    threads = ThreadPoolExecutor(max_threads, thread_name_prefix="webhook-dns")

    async def resolve(host: str) -> Sequence[IPAddress]:
        lookup = functools.partial(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM)
        try:
            async with asyncio.timeout(LOOKUP_S):
                found = await asyncio.get_running_loop().run_in_executor(threads, lookup)
        except UnicodeError:  # such as a label of more than 63 characters
            raise OSError("not a host name") from None
        return list({ip_address(str(entry[4][0]).partition("%")[0]) for entry in found})

    try:
        yield resolve
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


class PolicyResolver(AbstractResolver):
    """Resolver for aiohttp that rejects a name if the policy forbids any of its addresses."""

    def __init__(self, resolver: Resolver, policy: AddressPolicy) -> None:
        self._resolver, self._policy = resolver, policy

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - both families are resolved and checked
    ) -> list[ResolveResult]:
        """Raises OSError, TimeoutError, or Unavailable."""
        addresses = await self._resolver(host)
        if not addresses:
            raise OSError("no address")
        if not all(map(self._policy.allows, addresses)):
            # As for a name that does not exist: the owner must not learn names of the internal network.
            raise OSError("no address that may be called")
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in await admit(addresses)
        ]

    async def close(self) -> None:
        """Does nothing: the resolver holds no resources."""
