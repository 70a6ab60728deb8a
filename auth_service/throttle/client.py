"""Where a call comes from, and what of that may be counted and kept. Pure."""

import re
from ipaddress import IPv6Address, ip_address, ip_network

import msgspec

# One household or host owns a whole /64 (RFC 6177): counting single addresses would count nothing.
COUNTED_IPV6_PREFIX = 64
LONGEST_USER_AGENT = 256
UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")


class Client(msgspec.Struct, frozen=True):
    """`address` is canonical text, None when nobody knows; `user_agent` is what the client says of itself."""

    address: str | None = None
    user_agent: str | None = None

    @property
    def network(self) -> str:
        """What shares one fate when failures are counted: an IPv4 address or an IPv6 network."""
        if self.address is None:
            return "unknown"
        if ":" in self.address:
            return str(ip_network((self.address, COUNTED_IPV6_PREFIX), strict=False))
        return self.address


def client(address: str | None, user_agent: str | None) -> Client:
    """From what was sent. What is no address counts as none; an agent's name is cut and made printable."""
    agent = UNPRINTABLE.sub(" ", user_agent or "").strip()[:LONGEST_USER_AGENT]
    return Client(_canonical(address), agent or None)


def _canonical(address: str | None) -> str | None:
    try:
        parsed = ip_address((address or "").strip())
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or IPv6Address(int(parsed)))
    return str(parsed)
