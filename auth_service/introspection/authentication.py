"""Bearer authentication of a request (RFC 6750)."""

from typing import Any

from litestar import Request

from auth_service.introspection.service import Introspection
from auth_service.tokens.principal import Principal
from shared.errors import InsufficientScope, InvalidToken, Unauthenticated
from shared.http import Injected
from shared.identity.bearer import bearer_token


async def authenticate(request: Request[Any, Any, Any], introspection: Injected[Introspection]) -> Principal:
    """The principal of the request's session token.

    Raises Unauthenticated without a token, InvalidToken if it is not valid, and InsufficientScope for an API
    key: no scope allows account management.
    """
    token = bearer_token(request.headers.getall("authorization", []))
    if token is None:
        raise Unauthenticated
    principal = await introspection.introspect(token)
    if principal is None:
        raise InvalidToken
    if principal.scope is not None:
        raise InsufficientScope
    return principal
