"""Token introspection (RFC 7662): asks auth_service for the principal of an access token or API key."""

from datetime import timedelta

import aiohttp
import msgspec
from yarl import URL

from gateway.clients.auth import gateway_credentials
from gateway.clients.json_service import decoded, time_limit
from gateway.identity.principal import Principal
from gateway.proxy.http_sessions import Sessions
from gateway.proxy.repetition import is_unhandled
from gateway.proxy.upstream_errors import BadAnswer, read_answer
from shared.errors import Unavailable
from shared.logs import correlation_id, get_logger
from shared.settings import Secret

INTROSPECTION_TIMEOUT = timedelta(seconds=5)


class Introspection(msgspec.Struct, frozen=True):
    """RFC 7662 §2.2, and the account's address."""

    active: bool
    sub: str = ""
    email: str = ""
    email_verified: bool = False
    roles: tuple[str, ...] = ()
    exp: float = 0.0
    sid: str | None = None
    scope: str | None = None


class Stopping(Unavailable):
    """The process of auth_service is about to stop and has not handled the request."""


class IntrospectionClient:
    """Introspects tokens at auth_service."""

    def __init__(self, sessions: Sessions, service: str, secret: Secret) -> None:
        self._sessions, self._url = sessions, URL(service).origin().with_path("/internal/introspect")
        self._credentials = gateway_credentials(secret)

    async def introspect(self, token: str) -> Principal | None:
        """None for a token that is not active. Raises Unavailable.

        Retries once on a new connection when auth_service closed the pooled one or is about to stop: an
        introspection changes nothing.
        """
        try:
            return _principal(await self._introspect(self._sessions.pooled, token))
        except (aiohttp.ServerDisconnectedError, Stopping):
            pass
        try:
            return _principal(await self._introspect(self._sessions.single_use, token))
        except aiohttp.ServerDisconnectedError as error:
            raise _unavailable(error) from error

    async def _introspect(self, session: aiohttp.ClientSession, token: str) -> Introspection:
        """Raises ServerDisconnectedError, Stopping, BadAnswer and Unavailable."""
        headers = {
            "X-Request-ID": correlation_id.get(),
            "Accept": "application/json",
            "Authorization": self._credentials.reveal(),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        try:
            async with session.post(
                self._url,
                data={"token": token, "token_type_hint": "access_token"},
                headers=headers,
                allow_redirects=False,
                timeout=time_limit(INTROSPECTION_TIMEOUT),
            ) as response:
                content = await read_answer(response)
        except aiohttp.ServerDisconnectedError:
            raise
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unavailable(error) from error
        _check_status(response)
        return decoded(content, Introspection)


def _check_status(response: aiohttp.ClientResponse) -> None:
    """Raises Stopping, Unavailable and BadAnswer."""
    if response.status == Unavailable.status:
        get_logger(__name__).warning("token introspection is unavailable")
        raise (Stopping if is_unhandled(response) else Unavailable)("Tokens cannot be checked right now.")
    if response.status != 200:
        # A 401 too: it is about the gateway's credentials, not about the client's token.
        get_logger(__name__).error("token introspection was refused", status=response.status)
        raise BadAnswer("Tokens cannot be checked right now.")


def _unavailable(error: Exception) -> Unavailable:
    get_logger(__name__).warning("token introspection failed", reason=type(error).__name__)
    return Unavailable("Accounts cannot be reached right now.")


def _principal(found: Introspection) -> Principal | None:
    if not found.active:
        return None
    if not found.sub:
        raise BadAnswer("The service's response cannot be read.")
    return Principal(
        user_id=found.sub,
        email=found.email,
        email_verified=found.email_verified,
        roles=frozenset(found.roles),
        expires_at=found.exp,
        session_id=found.sid,
        scopes=None if found.scope is None else frozenset(found.scope.split()),
    )
