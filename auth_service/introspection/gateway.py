"""The gateway's credentials: HTTP Basic authentication, guards, and the client that the gateway forwards
for.
"""

import base64
import binascii
import hmac
import re
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from auth_service.errors import GatewayOnly
from auth_service.throttle.client import Client, parse_client
from shared.http import Injected
from shared.settings import Secret

BASIC = re.compile(r"basic +([A-Za-z0-9+/]+=*)", re.IGNORECASE)

GATEWAY = "gateway"

# Headers of requests that the gateway forwards: its own credentials, and the client's address.
GATEWAY_HEADER = "tonegate-gateway-authorization"
ADDRESS_HEADER = "tonegate-client-address"


class GatewayCredentials:
    """HTTP Basic credentials (RFC 7617) with the secret shared by gateway and auth_service."""

    def __init__(self, secret: Secret) -> None:
        self._expected = f"{GATEWAY}:{secret.reveal()}".encode()

    def check(self, header: str) -> None:
        """Raises GatewayOnly unless the header holds the gateway's credentials."""
        if not hmac.compare_digest(_decode_basic(header), self._expected):
            raise GatewayOnly


def request_client(request: Request[Any, Any, Any], gateway: Injected[GatewayCredentials]) -> Client:
    """The client of a request: the address that the gateway forwards, otherwise the peer's.

    Raises GatewayOnly if the gateway's credentials are wrong.
    """
    credentials, agent = request.headers.get(GATEWAY_HEADER), request.headers.get("user-agent")
    if credentials is None:
        return parse_client(request.client.host if request.client else None, agent)
    gateway.check(credentials)
    return parse_client(request.headers.get(ADDRESS_HEADER), agent)


def only_the_gateway(gateway: GatewayCredentials) -> Guard:
    """A guard for internal routes: the Authorization header is the gateway's (RFC 7662 §2.1)."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        gateway.check(connection.headers.get("authorization", ""))

    return guard


async def forwarded_by_the_gateway(
    connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler
) -> None:
    """A guard for routes that only the gateway calls, with a user's token. The credentials themselves are
    checked by `request_client`.
    """
    if GATEWAY_HEADER not in connection.headers:
        raise GatewayOnly


def _decode_basic(header: str) -> bytes:
    match = BASIC.fullmatch(header)
    try:
        return base64.b64decode(match[1], validate=True) if match else b""
    except binascii.Error:
        return b""
