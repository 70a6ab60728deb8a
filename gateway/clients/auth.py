"""Typed calls to auth_service."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import aiohttp
import msgspec

from gateway.clients.auth_calls import AuthCalls, decoded, time_limit, unavailable
from gateway.identity.principal import Principal
from gateway.proxy.http_sessions import Sessions
from gateway.proxy.upstream_errors import BadAnswer, is_elsewhere, read_answer
from shared.contracts.http import Account, TokenPair
from shared.errors import Unavailable
from shared.logs import correlation_id, get_logger
from shared.settings import Secret

INTROSPECT_WITHIN = timedelta(seconds=5)


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
    scope: str | None = None


class Elsewhere(Unavailable):
    """The process that was asked is about to stop, and has done nothing."""


class AuthClient(AuthCalls):
    """Getting an account, signing in and out, and asking whose a token is."""

    def __init__(self, sessions: Sessions, service: str, secret: Secret) -> None:
        super().__init__(sessions.pooled, service, secret)
        self._fresh = sessions.single_use

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
        closed just as it was used, or a process of it that is about to stop, is no reason to fail.
        """
        try:
            return _principal(await self._introspect(self._session, token))
        except (aiohttp.ServerDisconnectedError, Elsewhere):
            pass
        try:
            return _principal(await self._introspect(self._fresh, token))
        except aiohttp.ServerDisconnectedError as error:
            raise unavailable(error) from error

    async def check(self) -> None:
        """Raises while auth_service is not ready."""
        await self._send("GET", "/readyz")

    async def _introspect(self, session: aiohttp.ClientSession, token: str) -> Introspection:
        headers = {
            "X-Request-ID": correlation_id.get(),
            "Accept": "application/json",
            "Authorization": self._credentials.reveal(),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        try:
            async with session.post(
                self._origin.with_path("/internal/introspect"),
                data={"token": token, "token_type_hint": "access_token"},
                headers=headers,
                allow_redirects=False,
                timeout=time_limit(INTROSPECT_WITHIN),
            ) as response:
                content = await read_answer(response)
        except aiohttp.ServerDisconnectedError:
            raise
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise unavailable(error) from error
        if response.status == Unavailable.status:
            get_logger(__name__).warning("token introspection is not possible now")
            raise (Elsewhere if is_elsewhere(response) else Unavailable)(
                "Sign-ins cannot be checked right now."
            )
        if response.status != 200:
            # Also a 401: it is our own credentials that were refused, not the client's.
            get_logger(__name__).error("token introspection was refused", status=response.status)
            raise BadAnswer("Sign-ins cannot be checked right now.")
        return decoded(content, Introspection)


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
        scopes=None if said.scope is None else frozenset(said.scope.split()),
    )
