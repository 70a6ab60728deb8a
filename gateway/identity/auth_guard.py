"""The one guard of the whole gateway: closed unless a route says `public`, counted unless it says so."""

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
from gateway.limits.concurrency import Capacity
from gateway.limits.rate_limit import LimitReached, Rate, RateLimits, Reading
from gateway.query import parsed
from shared.errors import Forbidden, InvalidToken, Unauthenticated
from shared.identity.bearer import bearer_token

Connection = ASGIConnection[Any, Any, Any, Any]

PUBLIC_KEY: Final = "public"
SIGNED_LINK_KEY: Final = "signed_link"
UNCOUNTED_KEY: Final = "uncounted"
OPTIONAL_KEY: Final = "optional"
RATE_KEY: Final = "rate"
READING_KEY: Final = "rate_limit_reading"

public: Final[dict[str, Any]] = {PUBLIC_KEY: True}
"""`@get("/x", opt=public)` opens a route to everybody; nothing else does."""

uncounted: Final[dict[str, Any]] = {UNCOUNTED_KEY: True}
"""Besides `public`: no limit holds here. Whoever watches the process must never be told to wait."""

signed_link: Final[dict[str, Any]] = {SIGNED_LINK_KEY: True}
"""Opens a route to requests that carry a signature, which the service behind it verifies."""

optional: Final[dict[str, Any]] = {OPTIONAL_KEY: True}
"""Opens a route to requests that show no credentials; those that do must show good ones."""

SIGNATURE_PARAMETERS: Final = ("expires", "signature")


def limited(rate: Rate) -> dict[str, Any]:
    """`opt=limited(Rate.UPLOAD)`: the class in which a route's requests are counted."""
    return {RATE_KEY: rate}


class Door:
    """Turns away what there is no place for, counts each request, then finds out who sends it. `admit` is the
    application's only guard.

    A request with a good token counts for its account, every other one for its client address. A token that
    nothing is known of is looked up only while the address has room for it to be a bad one, so guessing is
    limited before it costs anything.
    """

    def __init__(
        self, tokens: TokenCache, limits: RateLimits, addresses: ClientAddresses, capacity: Capacity
    ) -> None:
        self._tokens, self._limits, self._addresses, self._capacity = tokens, limits, addresses, capacity

    async def admit(self, connection: Connection, handler: BaseRouteHandler) -> None:
        await self._capacity.admit(connection.scope, handler.opt)
        rate = handler.opt.get(RATE_KEY, Rate.DEFAULT)
        client = self._addresses.of(_http(connection))
        address = f"address:{counted(client)}"
        origin.set(origin_of(_http(connection), client))
        if is_open(connection, handler.opt):
            if handler.opt.get(UNCOUNTED_KEY, False) is True:
                connection.scope["state"][UNCOUNTED_KEY] = True
            else:
                await self._count(connection, rate, address)
            self._capacity.assign(connection.scope, address)
            return
        try:
            principal = await self._identify(connection, rate, address)
        except Unauthenticated:
            await self._count(connection, rate, address)
            raise
        account = f"account:{principal.user_id}"
        await self._count(connection, rate, account)
        self._capacity.assign(connection.scope, account)
        check_scope(principal, handler.opt, _http(connection)["method"])
        connection.scope["user"] = principal

    async def _identify(self, connection: Connection, rate: Rate, address: str) -> Principal:
        sent = header_values(connection.scope["headers"], b"authorization")
        token = bearer_token([value.decode("latin-1") for value in sent])
        if token is None:
            raise Unauthenticated("An access token is needed.")
        verdict = self._tokens.recall(token)
        if verdict is None:
            principal = await self._ask(connection, token, rate, address)
        else:
            principal = verdict.principal
        if principal is None:
            raise InvalidToken
        return principal

    async def _ask(self, connection: Connection, token: str, rate: Rate, address: str) -> Principal | None:
        try:
            async with self._limits.room(rate, address):
                return await self._tokens.ask(token)
        except LimitReached as reached:
            remember(connection, reached.reading)
            raise

    async def _count(self, connection: Connection, rate: Rate, key: str) -> None:
        try:
            remember(connection, await self._limits.hit(rate, key))
        except LimitReached as reached:
            remember(connection, reached.reading)
            raise


def requires_role(role: str) -> Guard:
    """A guard for single routes, after the door has let the request in."""

    async def guard(connection: Connection, _: BaseRouteHandler) -> None:
        if role not in principal_of(connection).roles:
            raise Forbidden("Your account may not do this.")

    return guard


def principal_of(connection: Connection) -> Principal:
    """Raises Unauthenticated on a route that was opened to everybody."""
    principal = connection.scope.get("user")
    if not isinstance(principal, Principal):
        raise Unauthenticated("An access token is needed.")
    return principal


def is_open(connection: Connection, opt: Mapping[str, Any]) -> bool:
    """True for public routes, for signed links on the routes that take them, and for nobody in particular on
    those that are for everybody. What a resource can do may be asked by everybody (OPTIONS, RFC 9110 §9.3.7):
    browsers send no token with it.
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


def remember(connection: Connection, reading: Reading) -> None:
    """Kept for whoever writes the answer's headers."""
    connection.scope["state"][READING_KEY] = reading


def _http(connection: Connection) -> HTTPScope:
    if connection.scope["type"] != ScopeType.HTTP:
        raise Unauthenticated("Only HTTP is spoken here.")
    return connection.scope
