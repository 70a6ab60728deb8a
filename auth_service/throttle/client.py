"""The client of a request: its network address, as counted by the throttle, and its user agent."""

import re
from ipaddress import IPv6Address, ip_address, ip_network

import msgspec

# One household or host owns a whole /64 (RFC 6177), so single IPv6 addresses are not worth counting.
COUNTED_IPV6_PREFIX = 64
MAX_USER_AGENT_LENGTH = 256
UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")


class Client(msgspec.Struct, frozen=True):
    """`address` is canonical text, or None if unknown; `user_agent` is printable ASCII as sent by the
    client.
    """

    address: str | None = None
    user_agent: str | None = None

    @property
    def network(self) -> str:
        """The unit in which failures are counted: an IPv4 address or an IPv6 /64 network."""
        if self.address is None:
            return "unknown"
        if ":" in self.address:
            return str(ip_network((self.address, COUNTED_IPV6_PREFIX), strict=False))
        return self.address


def parse_client(address: str | None, user_agent: str | None) -> Client:
    """Builds a Client from untrusted text: a malformed address becomes None, the user agent is made printable
    and truncated to MAX_USER_AGENT_LENGTH.
    """
    agent = UNPRINTABLE.sub(" ", user_agent or "").strip()[:MAX_USER_AGENT_LENGTH]
    return Client(_canonical(address), agent or None)


def _canonical(address: str | None) -> str | None:
    try:
        parsed = ip_address((address or "").strip())
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or IPv6Address(int(parsed)))
    return str(parsed)
