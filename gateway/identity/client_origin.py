"""Where the request at hand comes from, for the calls that are made because of it."""

import re
from contextvars import ContextVar
from ipaddress import IPv6Address

import msgspec
from litestar.types import HTTPScope

from gateway.identity.forwarded import IPAddress

LONGEST_USER_AGENT = 256
UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")


class Origin(msgspec.Struct, frozen=True):
    """`address` is one bare IP; `user_agent` is what the client says of itself, cut and made printable."""

    address: str | None = None
    user_agent: str | None = None

    def headers(self) -> dict[str, str]:
        """As auth_service reads them from a gateway that proves to be one."""
        named = {"Tonegate-Client-Address": self.address, "User-Agent": self.user_agent}
        return {name: value for name, value in named.items() if value is not None}


# Set once a request, by the door, so that no call made for a client can forget to say for which.
origin: ContextVar[Origin] = ContextVar("origin", default=Origin())  # noqa: B039 - frozen


def origin_of(scope: HTTPScope, address: IPAddress | None) -> Origin:
    if isinstance(address, IPv6Address):
        address = IPv6Address(int(address))  # without the name of an interface of this machine
    agent = next((value for name, value in scope["headers"] if name == b"user-agent"), b"")
    return Origin(None if address is None else str(address), printable(agent.decode("latin-1")))


def printable(agent: str) -> str | None:
    return UNPRINTABLE.sub(" ", agent)[:LONGEST_USER_AGENT].strip() or None
