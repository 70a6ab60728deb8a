"""Authentication of requests: by the gateway's tokens, and of the gateway with its client's address."""

import base64
import hmac
from dataclasses import dataclass
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from auth_service.errors import GatewayOnly
from auth_service.introspection.service import Introspection
from auth_service.throttle.client import Client, parse_client
from auth_service.throttle.gateway import ADDRESS_HEADER, GATEWAY_HEADER
from auth_service.tokens.access_token import AccessClaims
from auth_service.tokens.principal import Principal
from shared.errors import InsufficientScope, InvalidToken, Unauthenticated
from shared.http import Injected
from shared.identity.bearer import bearer_token
from shared.identity.gateway_tokens import GatewayTokens
from shared.identity.scopes import required_scopes
from shared.settings import Secret

GATEWAY = "gateway"


@dataclass(frozen=True)
class CallerLookup:
    """Finds the callers that the gateway's tokens name."""

    tokens: GatewayTokens
    introspection: Introspection

    async def find(self, request: Request[Any, Any, Any]) -> Principal:
        """The principal of the session or API key, which is looked up: it may have ended within the last
        minute. Raises Unauthenticated, InvalidToken.
        """
        token = bearer_token(request.headers.getall("authorization", []))
        if token is None:
            raise Unauthenticated
        principal = await self.introspection.look_up(self.tokens.verified(token, AccessClaims))
        if principal is None:
            raise InvalidToken
        return principal


async def authenticate(request: Request[Any, Any, Any], caller_lookup: Injected[CallerLookup]) -> Principal:
    """The principal of a request that the gateway sends for a session.

    Raises Unauthenticated without a token, InvalidToken if it is not valid, and InsufficientScope for an API
    key, since no scope allows account management, and for a session that has to add a second factor first.
    """
    principal = await caller_lookup.find(request)
    required = required_scopes(request.route_handler.opt, request.method)
    if principal.scope is not None and (principal.scope,) != required:
        raise InsufficientScope
    return principal


class GatewayCredentials:
    """HTTP Basic credentials (RFC 7617) with a secret shared by gateway and auth_service.

    Each of `secrets` is accepted, so that it can be replaced.
    """

    def __init__(self, secrets: Secret) -> None:
        texts = [f"{GATEWAY}:{each.reveal()}" for each in secrets.split()]
        self._accepted = [base64.b64encode(text.encode()) for text in texts]

    async def guard(self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        """Guards internal routes: the Authorization header is the gateway's (RFC 7662 §2.1)."""
        self.check(connection.headers.get("authorization", ""))

    def check(self, header: str) -> None:
        """Raises GatewayOnly unless the header holds the gateway's credentials."""
        scheme, _, credentials = header.partition(" ")
        given = credentials.strip().encode()
        matching = sum(hmac.compare_digest(given, each) for each in self._accepted)
        if scheme.lower() != "basic" or not matching:
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
