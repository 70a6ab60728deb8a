"""The client's address: the peer's, or the one that trusted proxies report."""

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_network

from litestar.types import HTTPScope

from gateway.identity.forwarded import Hops, IPAddress, address_in, forwarded, forwarded_for

# A household or host has at least a /64 (RFC 6177), so limits of single addresses would be without effect.
COUNTED_IPV6_PREFIX = 64


class ClientAddresses:
    """Reads `X-Forwarded-For` and `Forwarded` from the right, as far as the hops are trusted proxies: the
    first other hop is the client, and entries left of it are untrusted (ASVS 5.0, 4.1.3 and 15.3.4).

    A proxy usually sets one of the two fields and passes on the client's own value of the other. When both
    are there and differ, both are ignored.
    """

    def __init__(self, trusted_proxies: Iterable[str]) -> None:
        self._trusted = tuple(ip_network(network) for network in trusted_proxies)

    def key(self, scope: HTTPScope) -> str:
        """The client's key in rate limits: an IPv4 address or an IPv6 network of 64 bits."""
        return counted(self.of(scope))

    def of(self, scope: HTTPScope) -> IPAddress | None:
        """The client's address; None for a peer without one (a UNIX socket)."""
        client = scope["client"]
        peer = address_in(client[0]) if client else None
        if peer is None or not self._is_trusted(peer):
            return peer
        chains = [chain for chain in (forwarded_for(scope["headers"]), forwarded(scope["headers"])) if chain]
        named = {self._first_untrusted(peer, chain) for chain in chains}
        return named.pop() if len(named) == 1 else peer

    def _first_untrusted(self, address: IPAddress, chain: Hops) -> IPAddress:
        for hop in reversed(chain):
            if hop is None or not self._is_trusted(address):
                return address
            address = hop
        return address

    def _is_trusted(self, address: IPAddress) -> bool:
        return any(address in network for network in self._trusted if network.version == address.version)


def counted(address: IPAddress | None) -> str:
    """An IPv4 address, an IPv6 network of 64 bits, or `unknown`."""
    if address is None:
        return "unknown"
    if isinstance(address, IPv6Address):
        return str(ip_network((address, COUNTED_IPV6_PREFIX), strict=False))
    return str(address)
