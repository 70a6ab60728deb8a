"""Which addresses may be called: those that the whole internet can reach, no neighbours of ours. Pure."""

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

# RFC 6890 and IANA's special-purpose registries, written out: what `is_global` says changes with Python.
NOT_PUBLIC_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network, RFC 791
        "10.0.0.0/8",  # private, RFC 1918
        "100.64.0.0/10",  # behind a carrier's NAT, RFC 6598
        "127.0.0.0/8",  # loopback, RFC 1122
        "169.254.0.0/16",  # link-local, RFC 3927: where clouds keep their metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments, RFC 6890
        "192.0.2.0/24",  # documentation, RFC 5737
        "192.88.99.0/24",  # relays of 6to4, RFC 7526
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks, RFC 2544
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast, RFC 5771
        "240.0.0.0/4",  # reserved, and broadcast, RFC 1112
    )
)
# Only this part of IPv6 is given out to hosts (RFC 4291 §2.4). Outside of it are loopback, unspecified,
# IPv4-mapped, NAT64 (64:ff9b::/96 and 64:ff9b:1::/48), unique local, link-local, site-local and multicast.
GIVEN_OUT_6 = IPv6Network("2000::/3")
NOT_PUBLIC_6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, Teredo (RFC 4380) and ORCHID among them
        "2001:db8::/32",  # documentation, RFC 3849
        "2002::/16",  # 6to4, RFC 3056: an IPv4 address inside
        "3fff::/20",  # documentation, RFC 9637
    )
)


class Reachable:
    """The public internet, and the networks that the operator allows in addition."""

    def __init__(self, allowed: Iterable[IPNetwork] = ()) -> None:
        self._allowed = tuple(allowed)

    def __call__(self, address: IPAddress) -> bool:
        if any(address in network for network in self._allowed):
            return True
        if isinstance(address, IPv4Address):
            return not any(address in network for network in NOT_PUBLIC_4)
        return address in GIVEN_OUT_6 and not any(address in network for network in NOT_PUBLIC_6)


def networks(texts: Iterable[str]) -> tuple[IPNetwork, ...]:
    """Raises ValueError, naming the one that is none."""
    found = []
    for text in texts:
        try:
            found.append(ip_network(text))
        except ValueError:
            raise ValueError(f"{text!r} is not a network; it needs CIDRs such as 10.0.0.0/8") from None
    return tuple(found)


def address_in(host: str) -> IPAddress | None:
    """The address that a host is written as, its zone (RFC 4007) left out; None for a name."""
    try:
        return ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None
