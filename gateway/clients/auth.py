"""Typed calls to auth_service."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

import aiohttp
import msgspec
from yarl import URL

from gateway.core.principal import Principal
from gateway.core.sessions import CONNECT_S
from gateway.core.upstream import BadAnswer, read_answer, refusal
from shared.contracts.headers import REVOKED_SESSION
from shared.errors import ServiceError, Unauthenticated, Unavailable
from shared.logs import correlation_id, get_logger
from shared.settings import Secret

T = TypeVar("T")

WITHIN = timedelta(seconds=10)
INTROSPECT_WITHIN = timedelta(seconds=5)


class Account(msgspec.Struct, frozen=True):
    """An account as its owner sees it."""

    id: str
    email: str
    roles: tuple[str, ...]
    email_verified: bool
    created_at: datetime


class TokenPair(msgspec.Struct, frozen=True):
    """An access token for `expires_in` seconds, and the refresh token that gets the next one, once."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str


class SignInStarted(msgspec.Struct, frozen=True):
    """`location` is the provider's page; `browser` is a secret for the browser to keep for `expires_in` s."""

    location: str
    browser: str
    expires_in: int


class SignInEnd(msgspec.Struct, frozen=True):
    """Tokens, or where to send the browser instead."""

    location: str | None = None
    access_token: str = ""
    token_type: str = ""
    expires_in: int = 0
    refresh_token: str = ""


class KeySet(msgspec.Struct, frozen=True):
    """Public keys, RFC 7517 §5."""

    keys: tuple[dict[str, Any], ...]


class Introspection(msgspec.Struct, frozen=True):
    """RFC 7662 §2.2, with the token to show to the services inside."""

    active: bool
    sub: str = ""
    email: str = ""
    roles: tuple[str, ...] = ()
    exp: float = 0.0
    sid: str | None = None
    access_token: str = ""


class SessionEnded(Unauthenticated):
    """A refusal that ended a session at the same time: whatever is known of `session_id` is old."""

    def __init__(self, refused: ServiceError, session_id: str) -> None:
        super().__init__(refused.detail, headers=refused.headers)
        self.session_id = session_id


class AuthClient:
    """Every method raises PassedOn for auth_service's own problems, SessionEnded when one of them ended a
    session, and Unavailable, within seconds, when it cannot be reached.
    """

    def __init__(self, session: aiohttp.ClientSession, origin: str, introspection_secret: Secret) -> None:
        self._session, self._origin = session, URL(origin).origin()
        basic = aiohttp.encode_basic_auth("gateway", introspection_secret.reveal(), encoding="utf-8")
        self._introspection = Secret(basic)

    async def register(self, email: str, password: str) -> Account:
        return await self._call("POST", "/v1/auth/register", Account, {"email": email, "password": password})

    async def sign_in(self, email: str, password: str) -> TokenPair:
        return await self._call("POST", "/v1/auth/login", TokenPair, {"email": email, "password": password})

    async def refresh(self, refresh_token: str) -> TokenPair:
        return await self._call("POST", "/v1/auth/refresh", TokenPair, {"refresh_token": refresh_token})

    async def sign_out(self, token: Secret) -> None:
        await self._send("POST", "/v1/auth/logout", token=token)

    async def me(self, token: Secret) -> Account:
        return await self._call("GET", "/v1/auth/me", Account, token=token)

    async def start_provider_sign_in(self, provider: str, asked: Mapping[str, str]) -> SignInStarted:
        """`asked`: browser, redirect_uri, code_challenge, as far as there are any."""
        return await self._call("POST", f"/v1/auth/oauth/{provider}/start", SignInStarted, dict(asked))

    async def end_provider_sign_in(self, provider: str, brought: Mapping[str, str]) -> TokenPair | str:
        """`brought`: browser, state, code, iss, error. An address is where the browser shall go."""
        end = await self._call("POST", f"/v1/auth/oauth/{provider}/callback", SignInEnd, dict(brought))
        if end.location is not None:
            return end.location
        if not end.access_token or not end.refresh_token:
            raise BadAnswer("The service gave an answer that cannot be read.")
        return TokenPair(end.access_token, end.token_type, end.expires_in, end.refresh_token)

    async def redeem_sign_in(self, code: str, code_verifier: str) -> TokenPair:
        body = {"code": code, "code_verifier": code_verifier}
        return await self._call("POST", "/v1/auth/oauth/token", TokenPair, body)

    async def keys(self) -> KeySet:
        return await self._call("GET", "/.well-known/jwks.json", KeySet)

    async def introspect(self, token: str) -> Principal | None:
        """None for a token that is not active. Asking changes nothing, so a connection that auth_service
        closed just as it was used is no reason to fail.
        """
        for last in (False, True):
            try:
                said = await self._introspect(token)
            except aiohttp.ServerDisconnectedError as error:
                if last:
                    raise _unavailable(error) from error
                continue
            return _principal(said)
        return None

    async def check(self) -> None:
        """Raises while auth_service is not ready."""
        await self._send("GET", "/readyz")

    async def _introspect(self, token: str) -> Introspection:
        headers = {
            "X-Request-ID": correlation_id.get(),
            "Accept": "application/json",
            "Authorization": self._introspection.reveal(),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        try:
            async with self._session.post(
                self._origin.with_path("/internal/introspect"),
                data={"token": token, "token_type_hint": "access_token"},
                headers=headers,
                allow_redirects=False,
                timeout=_timeout(INTROSPECT_WITHIN),
            ) as response:
                content = await read_answer(response)
        except aiohttp.ServerDisconnectedError:
            raise
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unavailable(error) from error
        if response.status != 200:
            # Also a 401: it is our own credentials that were refused, not the client's.
            get_logger(__name__).error("token introspection was refused", status=response.status)
            raise BadAnswer("Sign-ins cannot be checked right now.")
        return _decoded(content, Introspection)

    async def _call(
        self,
        method: str,
        path: str,
        answer: type[T],
        body: dict[str, str] | None = None,
        token: Secret | None = None,
    ) -> T:
        return _decoded(await self._send(method, path, body, token), answer)

    async def _send(
        self, method: str, path: str, body: dict[str, str] | None = None, token: Secret | None = None
    ) -> bytes:
        headers = {"X-Request-ID": correlation_id.get(), "Accept": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token.reveal()}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            async with self._session.request(
                method,
                self._origin.with_path(path),
                data=None if body is None else msgspec.json.encode(body),
                headers=headers,
                allow_redirects=False,
                timeout=_timeout(WITHIN),
            ) as response:
                content = await read_answer(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unavailable(error) from error
        if response.status >= 300:
            raise _refused(response, content)
        return content


def _refused(response: aiohttp.ClientResponse, content: bytes) -> ServiceError:
    error = refusal(response.status, response.headers, content)
    ended = response.headers.get(REVOKED_SESSION)
    return SessionEnded(error, ended) if ended and error.status == Unauthenticated.status else error


def _principal(said: Introspection) -> Principal | None:
    if not said.active:
        return None
    if not said.sub or not said.access_token:
        raise BadAnswer("The service gave an answer that cannot be read.")
    return Principal(
        user_id=said.sub,
        email=said.email,
        roles=frozenset(said.roles),
        access_token=Secret(said.access_token),
        expires_at=said.exp,
        session_id=said.sid,
    )


def _decoded(content: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadAnswer("The service gave an answer that cannot be read.") from error


def _timeout(within: timedelta) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=within.total_seconds(), connect=CONNECT_S, sock_connect=CONNECT_S)


def _unavailable(error: Exception) -> Unavailable:
    get_logger(__name__).warning("auth_service did not answer", reason=type(error).__name__)
    return Unavailable("Accounts cannot be reached right now.")
