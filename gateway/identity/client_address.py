"""The client's address: the peer's, or the one that trusted proxies report."""

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_network

from litestar.types import HTTPScope

from gateway.identity.forwarded import FORWARDED_PARSERS, ForwardedField, Hops, IPAddress, address_in

# A household or host has at least a /64 (RFC 6177), so limits of single addresses would be without effect.
COUNTED_IPV6_PREFIX = 64


class ClientAddresses:
    """Reads `X-Forwarded-For` or `Forwarded` from the right, as far as the hops are trusted proxies: the
    first other hop is the client, and entries left of it are untrusted (ASVS 5.0, 4.1.3 and 15.3.4).

    Only the configured field is read: a proxy sets one of the two and passes on the client's own value of the
    other.
    """

    def __init__(
        self, trusted_proxies: Iterable[str], field: ForwardedField = ForwardedField.X_FORWARDED_FOR
    ) -> None:
        self._trusted = tuple(ip_network(network) for network in trusted_proxies)
        self._hops = FORWARDED_PARSERS[field]

    def key(self, scope: HTTPScope) -> str:
        """The client's key in rate limits: an IPv4 address or an IPv6 network of 64 bits."""
        return counted(self.of(scope))

    def of(self, scope: HTTPScope) -> IPAddress | None:
        """The client's address; None for a peer without one (a UNIX socket)."""
        client = scope["client"]
        peer = address_in(client[0]) if client else None
        if peer is None or not self._is_trusted(peer):
            return peer
        return self._first_untrusted(peer, self._hops(scope["headers"]))

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
