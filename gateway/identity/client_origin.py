"""The client's address and user agent, for the requests to auth_service that its request causes."""

import re
from contextvars import ContextVar
from ipaddress import IPv6Address

import msgspec
from litestar.types import HTTPScope

from gateway.identity.forwarded import IPAddress

MAX_USER_AGENT_LENGTH = 256
UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")


class Origin(msgspec.Struct, frozen=True):
    """`address` is an IP address without a port; `user_agent` is truncated to printable ASCII."""

    address: str | None = None
    user_agent: str | None = None

    def headers(self) -> dict[str, str]:
        """The header fields, which auth_service accepts only with the gateway's credentials."""
        named = {"Tonegate-Client-Address": self.address, "User-Agent": self.user_agent}
        return {name: value for name, value in named.items() if value is not None}


# Set by AuthGuard once per request, so that no request to auth_service can lack it.
origin: ContextVar[Origin] = ContextVar("origin", default=Origin())  # noqa: B039 - frozen


def origin_of(scope: HTTPScope, address: IPAddress | None) -> Origin:
    if isinstance(address, IPv6Address):
        address = IPv6Address(int(address))  # without its zone id, which names an interface of this machine
    agent = next((value for name, value in scope["headers"] if name == b"user-agent"), b"")
    return Origin(None if address is None else str(address), printable(agent.decode("latin-1")))


def printable(agent: str) -> str | None:
    return UNPRINTABLE.sub(" ", agent)[:MAX_USER_AGENT_LENGTH].strip() or None
