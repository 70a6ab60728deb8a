"""Outbound addresses that webhooks may use (SSRF protection): public ones and those the operator allows."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

# RFC 6890 and IANA's special-purpose registries. Not `is_global`: its result depends on the Python version.
NOT_PUBLIC_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network, RFC 791
        "10.0.0.0/8",  # private, RFC 1918
        "100.64.0.0/10",  # carrier-grade NAT, RFC 6598
        "127.0.0.0/8",  # loopback, RFC 1122
        "169.254.0.0/16",  # link-local, RFC 3927: cloud metadata services
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments, RFC 6890
        "192.0.2.0/24",  # documentation, RFC 5737
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks, RFC 2544
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast, RFC 5771
        "240.0.0.0/4",  # reserved, and broadcast, RFC 1112
    )
)
# The only IPv6 block with global unicast addresses (RFC 4291 §2.4). Outside are loopback, unspecified,
# IPv4-mapped, NAT64 (64:ff9b::/96 and 64:ff9b:1::/48), unique local, link-local, site-local and multicast.
GLOBAL_UNICAST_6 = IPv6Network("2000::/3")
NOT_PUBLIC_6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, including Teredo (RFC 4380) and ORCHID
        "2001:db8::/32",  # documentation, RFC 3849
        "2002::/16",  # 6to4, RFC 3056: contains an IPv4 address
        "3fff::/20",  # documentation, RFC 9637
    )
)


class AddressPolicy:
    """Allows public addresses, and those in the networks `allowed`."""

    def __init__(self, allowed: Iterable[IPNetwork] = ()) -> None:
        self._allowed = tuple(allowed)

    @property
    def is_public_only(self) -> bool:
        """Whether the operator allows no network besides public addresses."""
        return not self._allowed

    def allows(self, address: IPAddress) -> bool:
        if any(address in network for network in self._allowed):
            return True
        if isinstance(address, IPv4Address):
            return not any(address in network for network in NOT_PUBLIC_4)
        return address in GLOBAL_UNICAST_6 and not any(address in network for network in NOT_PUBLIC_6)


def parse_networks(texts: Iterable[str]) -> tuple[IPNetwork, ...]:
    """Parses CIDRs. Raises ValueError that names the first malformed one."""
    found = []
    for text in texts:
        try:
            found.append(ip_network(text))
        except ValueError:
            raise ValueError(f"{text!r} is not a network; it needs CIDRs such as 10.0.0.0/8") from None
    return tuple(found)


def parse_address(host: str) -> IPAddress | None:
    """Returns the address that a URL's host consists of, without its zone (RFC 4007); None for a name."""
    try:
        return ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None
