"""The guard of all routes: counts requests, and requires an access token unless the route opts out."""

from collections.abc import Mapping
from typing import Any, Final

from litestar.connection import ASGIConnection
from litestar.enums import HttpMethod, ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard, HTTPScope

from gateway.asgi import header_values
from gateway.identity.client_address import ClientAddresses, counted
from gateway.identity.client_origin import origin, origin_of
from gateway.identity.principal import Principal
from gateway.identity.scopes import check_scope
from gateway.identity.token_cache import TokenCache
from gateway.limits.concurrency import ConcurrencyLimits, is_streamed
from gateway.limits.rate_limit import LimitReached, Rate, RateLimits, Reading
from gateway.query import parsed
from shared.errors import Forbidden, InvalidToken, Unauthenticated
from shared.http.json_request import takes_json
from shared.identity.bearer import bearer_token

Connection = ASGIConnection[Any, Any, Any, Any]

PUBLIC_KEY: Final = "public"
SIGNED_LINK_KEY: Final = "signed_link"
UNCOUNTED_KEY: Final = "uncounted"
OPTIONAL_KEY: Final = "optional"
RATE_KEY: Final = "rate"
READING_KEY: Final = "rate_limit_reading"

public: Final[dict[str, Any]] = {PUBLIC_KEY: True}
"""`opt=public`: the route needs no access token."""

uncounted: Final[dict[str, Any]] = {UNCOUNTED_KEY: True}
"""With `public`: the route has no rate limit. For health probes."""

signed_link: Final[dict[str, Any]] = {SIGNED_LINK_KEY: True}
"""`opt=signed_link`: a signature, which the service verifies, takes the place of an access token."""

optional: Final[dict[str, Any]] = {OPTIONAL_KEY: True}
"""`opt=optional`: an access token may be missing, but must be valid when it is there."""

SIGNATURE_PARAMETERS: Final = ("expires", "signature")


def limited(rate: Rate) -> dict[str, Any]:
    """`opt=limited(Rate.UPLOAD)`: the rate class of the route."""
    return {RATE_KEY: rate}


class AuthGuard:
    """Limits concurrency, counts each request and authenticates it. `admit` is the application's only guard.

    A request with a valid token is counted for its account, every other one for its client address. A token
    that is not cached is introspected only while the address has quota left, so guesses are limited.
    """

    def __init__(
        self,
        tokens: TokenCache,
        limits: RateLimits,
        addresses: ClientAddresses,
        concurrency: ConcurrencyLimits,
    ) -> None:
        self._tokens, self._limits, self._addresses = tokens, limits, addresses
        self._concurrency = concurrency

    async def admit(self, connection: Connection, handler: BaseRouteHandler) -> None:
        """Sets `request.user` to the Principal of a route that needs one. Raises Full, TooManyOfClient,
        LimitReached, Unauthenticated and InsufficientScope.

        A short body is received before its request takes a slot, and a stream takes one when its client is
        known: no client that sends nothing holds one.
        """
        client = self._addresses.of(_http(connection))
        address = f"address:{counted(client)}"
        origin.set(origin_of(_http(connection), client))
        if is_streamed(handler.opt):
            key = await self._authenticate(connection, handler, address)
            await self._concurrency.acquire(connection.scope, handler.opt, address)
        else:
            if takes_json(handler) and may_pass(connection, handler.opt):
                await self._concurrency.receive(connection.scope, address)
            await self._concurrency.acquire(connection.scope, handler.opt, address)
            key = await self._authenticate(connection, handler, address)
        self._concurrency.assign(connection.scope, key)

    async def _authenticate(self, connection: Connection, handler: BaseRouteHandler, address: str) -> str:
        """Counts the request; returns the key of its account, or `address` when it needs no token."""
        rate = handler.opt.get(RATE_KEY, Rate.DEFAULT)
        if is_open(connection, handler.opt):
            if handler.opt.get(UNCOUNTED_KEY, False) is True:
                connection.scope["state"][UNCOUNTED_KEY] = True
            else:
                await self._count(connection, rate, address)
            return address
        try:
            principal = await self._identify(connection, rate, address)
        except Unauthenticated:
            await self._count(connection, rate, address)
            raise
        account = f"account:{principal.user_id}"
        await self._count(connection, rate, account)
        check_scope(principal, handler.opt, _http(connection)["method"])
        connection.scope["user"] = principal
        return account

    async def _identify(self, connection: Connection, rate: Rate, address: str) -> Principal:
        sent = header_values(connection.scope["headers"], b"authorization")
        token = bearer_token([value.decode("latin-1") for value in sent])
        if token is None:
            raise Unauthenticated("An access token is needed.")
        verdict = self._tokens.cached(token)
        if verdict is None:
            principal = await self._look_up(connection, token, rate, address)
        else:
            principal = verdict.principal
        if principal is None:
            raise InvalidToken
        return principal

    async def _look_up(
        self, connection: Connection, token: str, rate: Rate, address: str
    ) -> Principal | None:
        try:
            async with self._limits.room(rate, address):
                return await self._tokens.look_up(token)
        except LimitReached as reached:
            keep_reading(connection, reached.reading)
            raise

    async def _count(self, connection: Connection, rate: Rate, key: str) -> None:
        try:
            keep_reading(connection, await self._limits.hit(rate, key))
        except LimitReached as reached:
            keep_reading(connection, reached.reading)
            raise


def requires_role(role: str) -> Guard:
    """A guard for single modules, after AuthGuard."""

    async def guard(connection: Connection, _: BaseRouteHandler) -> None:
        if role not in principal_of(connection).roles:
            raise Forbidden("Your account may not do this.")

    return guard


def principal_of(connection: Connection) -> Principal:
    """The principal of an authenticated request. Raises Unauthenticated when it has none."""
    principal = connection.scope.get("user")
    if not isinstance(principal, Principal):
        raise Unauthenticated("An access token is needed.")
    return principal


def caller_of(connection: Connection) -> Principal | None:
    """The principal to call services for; None for a request that needs no access token."""
    if is_open(connection, connection.route_handler.opt):
        return None
    return principal_of(connection)


def is_open(connection: Connection, opt: Mapping[str, Any]) -> bool:
    """True for a request that needs no access token: on a public route, with a signature on a signed-link
    route, without Authorization on an optional route, and for every OPTIONS (RFC 9110 §9.3.7), which browsers
    send without a token.
    """
    if connection.scope.get("method") == HttpMethod.OPTIONS:
        return True
    if opt.get(PUBLIC_KEY, False) is True:
        return True
    if opt.get(OPTIONAL_KEY, False) is True:
        return "authorization" not in connection.headers
    if opt.get(SIGNED_LINK_KEY, False) is not True:
        return False
    given = dict(parsed(connection.scope["query_string"]))
    return all(given.get(name) for name in SIGNATURE_PARAMETERS)


def may_pass(connection: Connection, opt: Mapping[str, Any]) -> bool:
    """False for a request that lacks a token, which is refused without its body."""
    return "authorization" in connection.headers or is_open(connection, opt)


def keep_reading(connection: Connection, reading: Reading) -> None:
    """Keeps the reading for the response's RateLimit headers."""
    connection.scope["state"][READING_KEY] = reading


def _http(connection: Connection) -> HTTPScope:
    if connection.scope["type"] != ScopeType.HTTP:
        raise Unauthenticated("Only HTTP is supported.")
    return connection.scope
