"""Who is calling: the peer, or whom trusted proxies say they call for."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from litestar.types import HTTPScope

# One household or host owns a whole /64 (RFC 6177): counting single addresses would count nothing.
COUNTED_IPV6_PREFIX = 64
LONGEST_CHAIN = 32

IPAddress = IPv4Address | IPv6Address


class ClientAddresses:
    """`X-Forwarded-For` is read from the right, and only as far as the hops are proxies named in settings:
    everything left of the first stranger is that stranger's own claim.
    """

    def __init__(self, trusted_proxies: Iterable[str]) -> None:
        self._trusted = tuple(ip_network(network) for network in trusted_proxies)

    def key(self, scope: HTTPScope) -> str:
        """The client as rate limits count it: an IPv4 address or an IPv6 network of 64 bits."""
        address = self.of(scope)
        if address is None:
            return "unknown"
        if isinstance(address, IPv6Address):
            return str(ip_network((address, COUNTED_IPV6_PREFIX), strict=False))
        return str(address)

    def of(self, scope: HTTPScope) -> IPAddress | None:
        """None when the server does not know its peer (a UNIX socket)."""
        client = scope["client"]
        address = _parsed(client[0]) if client else None
        if address is None or not self._is_trusted(address):
            return address
        for hop in reversed(_forwarded(scope)[-LONGEST_CHAIN:]):
            named = _parsed(hop)
            if named is None:
                return address
            address = named
            if not self._is_trusted(address):
                return address
        return address

    def _is_trusted(self, address: IPAddress) -> bool:
        return any(address in network for network in self._trusted if network.version == address.version)


def _forwarded(scope: HTTPScope) -> list[str]:
    lines = (value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for")
    return [hop for line in lines for hop in line.split(",")]


def _parsed(text: str) -> IPAddress | None:
    """`192.0.2.1`, `192.0.2.1:443`, `2001:db8::1` or `[2001:db8::1]:443`; IPv4 inside IPv6 counts as IPv4."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or address
    return address
