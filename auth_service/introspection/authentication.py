"""What stands in a request's header: a bearer token, the gateway's name and secret, where the client is."""

import base64
import binascii
import hmac
import re
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from auth_service.errors import NotTheGateway, TokenRefused
from auth_service.introspection.service import Caller, Callers
from auth_service.throttle.client import Client, client
from shared.errors import InsufficientScope, Unauthenticated
from shared.http import Injected
from shared.identity.bearer import bearer_token
from shared.settings import Secret

# RFC 6750 §2.1; the scheme's case does not matter (RFC 9110 §11.1).
BASIC = re.compile(r"basic +([A-Za-z0-9+/]+=*)", re.IGNORECASE)

GATEWAY = "gateway"

# The gateway calls for a client: its own credentials beside the client's, and where that client is.
GATEWAY_HEADER = "tonegate-gateway-authorization"
ADDRESS_HEADER = "tonegate-client-address"


class GatewayCredentials:
    """HTTP Basic (RFC 7617) with the secret that both sides were given."""

    def __init__(self, secret: Secret) -> None:
        self._expected = f"{GATEWAY}:{secret.reveal()}".encode()

    def check(self, header: str) -> None:
        """Raises NotTheGateway."""
        if not hmac.compare_digest(_basic(header), self._expected):
            raise NotTheGateway


async def signed_in(request: Request[Any, Any, Any], callers: Injected[Callers]) -> Caller:
    """Somebody who has signed in. Raises Unauthenticated without a token, TokenRefused with one that is not
    good, InsufficientScope with an API key: what manages accounts is not in any key's scope.
    """
    token = bearer_token(request.headers.getall("authorization", []))
    if token is None:
        raise Unauthenticated
    caller = await callers.caller(token)
    if caller is None:
        raise TokenRefused
    if caller.scope is not None:
        raise InsufficientScope
    return caller


def origin(request: Request[Any, Any, Any], gateway: Injected[GatewayCredentials]) -> Client:
    """Where the call comes from. Only who proves to be the gateway is believed about an address other than
    the peer's own. Raises NotTheGateway for a wrong proof.
    """
    proof, agent = request.headers.get(GATEWAY_HEADER), request.headers.get("user-agent")
    if proof is None:
        return client(request.client.host if request.client else None, agent)
    gateway.check(proof)
    return client(request.headers.get(ADDRESS_HEADER), agent)


def only_the_gateway(gateway: GatewayCredentials) -> Guard:
    """A guard for internal routes (RFC 7662 §2.1)."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        gateway.check(connection.headers.get("authorization", ""))

    return guard


async def from_the_gateway(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A guard for calls that come with the gateway's credentials beside somebody's token; `origin` checks
    them. Nobody writes a record by themselves.
    """
    if GATEWAY_HEADER not in connection.headers:
        raise NotTheGateway


def _basic(header: str) -> bytes:
    match = BASIC.fullmatch(header)
    try:
        return base64.b64decode(match[1], validate=True) if match else b""
    except binascii.Error:
        return b""
