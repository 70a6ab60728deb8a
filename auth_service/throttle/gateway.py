"""Headers of requests that the gateway forwards, and the guard of routes that only the gateway calls."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from auth_service.errors import GatewayOnly

# The gateway's own credentials, and the client's address.
GATEWAY_HEADER = "tonegate-gateway-authorization"
ADDRESS_HEADER = "tonegate-client-address"


async def forwarded_by_the_gateway(
    connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler
) -> None:
    """A guard for routes that only the gateway calls, with a user's token. The credentials themselves are
    checked by `request_client`.
    """
    if GATEWAY_HEADER not in connection.headers:
        raise GatewayOnly
