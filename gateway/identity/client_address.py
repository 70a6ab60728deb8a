"""Who is calling: the peer, or whom trusted proxies say they call for."""

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_network

from litestar.types import HTTPScope

from gateway.identity.forwarded import Hops, IPAddress, address_in, forwarded, forwarded_for

# One household or host owns a whole /64 (RFC 6177): counting single addresses would count nothing.
COUNTED_IPV6_PREFIX = 64


class ClientAddresses:
    """`X-Forwarded-For` and `Forwarded` are read from the right, and only as far as the hops are proxies that
    settings name: everything left of the first stranger is that stranger's own claim (ASVS 5.0, 4.1.3 and
    15.3.4).

    A proxy knows one of the two fields, as a rule, and lets a client's own of the other kind pass. So where
    both are there and do not agree, neither is believed.
    """

    def __init__(self, trusted_proxies: Iterable[str]) -> None:
        self._trusted = tuple(ip_network(network) for network in trusted_proxies)

    def key(self, scope: HTTPScope) -> str:
        """The client as rate limits count it: an IPv4 address or an IPv6 network of 64 bits."""
        return counted(self.of(scope))

    def of(self, scope: HTTPScope) -> IPAddress | None:
        """None when the server does not know its peer (a UNIX socket)."""
        client = scope["client"]
        peer = address_in(client[0]) if client else None
        if peer is None or not self._is_trusted(peer):
            return peer
        chains = [chain for chain in (forwarded_for(scope["headers"]), forwarded(scope["headers"])) if chain]
        named = {self._first_stranger(peer, chain) for chain in chains}
        return named.pop() if len(named) == 1 else peer

    def _first_stranger(self, address: IPAddress, chain: Hops) -> IPAddress:
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
