"""What stands in an Authorization header: a bearer token, or a client's name and secret."""

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
from auth_service.sessions import Caller, Sessions
from shared.errors import Unauthenticated
from shared.http import Injected
from shared.settings import Secret

# RFC 6750 §2.1; the scheme's case does not matter (RFC 9110 §11.1).
BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)
BASIC = re.compile(r"basic +([A-Za-z0-9+/]+=*)", re.IGNORECASE)

GATEWAY = "gateway"


async def signed_in(request: Request[Any, Any, Any], sessions: Injected[Sessions]) -> Caller:
    """Who is calling. Raises Unauthenticated without a token, TokenRefused with one that is not good."""
    header = request.headers.get("authorization")
    if header is None:
        raise Unauthenticated
    match = BEARER.fullmatch(header)
    caller = await sessions.caller(match[1]) if match else None
    if caller is None:
        raise TokenRefused
    return caller


def only_the_gateway(secret: Secret) -> Guard:
    """A guard for internal routes: HTTP Basic (RFC 7617) with the secret that both sides were given."""
    expected = f"{GATEWAY}:{secret.reveal()}".encode()

    def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        sent = _basic(connection.headers.get("authorization", ""))
        if not hmac.compare_digest(sent, expected):
            raise NotTheGateway

    return guard


def _basic(header: str) -> bytes:
    match = BASIC.fullmatch(header)
    try:
        return base64.b64decode(match[1], validate=True) if match else b""
    except binascii.Error:
        return b""
