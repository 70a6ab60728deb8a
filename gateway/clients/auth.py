"""Requests to auth_service: with the gateway's credentials, and with the client's address."""

from collections.abc import Mapping

import aiohttp
import msgspec

from gateway.clients.json_service import JsonService
from gateway.identity.client_origin import origin
from gateway.identity.principal import Principal
from gateway.identity.service_tokens import ServiceTokens
from gateway.proxy.http_sessions import Sessions
from gateway.proxy.upstream_errors import BadAnswer, refusal, refused_own_token
from shared.contracts.sessions import REVOKED_SESSION, TokenPair
from shared.errors import ServiceError, Unauthenticated
from shared.logs import get_logger
from shared.settings import Secret


class SessionEnded(Unauthenticated):
    """A 401 of auth_service that has also ended the session `session_id`."""

    def __init__(self, refused: ServiceError, session_id: str) -> None:
        super().__init__(refused.detail, headers=refused.headers)
        self.session_id = session_id


class SignInStarted(msgspec.Struct, frozen=True):
    """`location` is the provider's page; `browser` the value of a cookie for `expires_in` seconds."""

    location: str
    browser: str
    expires_in: int


class SignInEnd(msgspec.Struct, frozen=True):
    """Tokens, or the URL to redirect the browser to."""

    location: str | None = None
    access_token: str = ""
    token_type: str = ""
    expires_in: int = 0
    refresh_token: str = ""


class AuthService(JsonService):
    """Raises SessionEnded as well, when auth_service refused a request and ended its session."""

    def __init__(self, sessions: Sessions, service: str, tokens: ServiceTokens, secret: Secret) -> None:
        super().__init__(sessions, service, tokens)
        self._credentials = gateway_credentials(secret)

    async def refresh(self, refresh_token: str) -> TokenPair:
        body = {"refresh_token": refresh_token}
        return await self.call("POST", "/v1/auth/refresh", TokenPair, body)

    async def log_out(self, caller: Principal) -> None:
        await self.send("POST", "/v1/auth/logout", caller=caller)

    async def start_provider_sign_in(self, provider: str, parameters: Mapping[str, str]) -> SignInStarted:
        """`parameters`: `browser`, `redirect_uri` and `code_challenge`, each optional."""
        return await self.call("POST", f"/v1/auth/oauth/{provider}/start", SignInStarted, parameters)

    async def end_provider_sign_in(self, provider: str, parameters: Mapping[str, str]) -> TokenPair | str:
        """Tokens, or the URL to redirect the browser to.

        `parameters`: `browser`, `state`, `code`, `iss` and `error`, each optional.
        """
        end = await self.call("POST", f"/v1/auth/oauth/{provider}/callback", SignInEnd, parameters)
        if end.location is not None:
            return end.location
        if not end.access_token or not end.refresh_token:
            raise BadAnswer("The service's response cannot be read.")
        return TokenPair(end.access_token, end.token_type, end.expires_in, end.refresh_token)

    def _headers(self, caller: Principal | None, *, has_body: bool) -> dict[str, str]:
        return {
            **super()._headers(caller, has_body=has_body),
            "Tonegate-Gateway-Authorization": self._credentials.reveal(),
            **origin.get().headers(),
        }

    def _refusal(self, response: aiohttp.ClientResponse, content: bytes) -> ServiceError:
        if is_about_credentials(response):
            get_logger(__name__).error("auth_service refused the gateway's credentials")
            return BadAnswer("Accounts cannot be reached right now.")
        if own := refused_own_token(response, looks_up_accounts=True):
            return own
        # A 401 may also mean that the session has ended since it was looked up.
        error = refusal(response.status, response.headers, content)
        ended = response.headers.get(REVOKED_SESSION)
        return SessionEnded(error, ended) if ended and error.status == Unauthenticated.status else error


def gateway_credentials(secret: Secret) -> Secret:
    """The value of a Basic Authorization header (RFC 7617), with the first secret of the list."""
    current = secret.split()[0].reveal()
    return Secret(aiohttp.encode_basic_auth("gateway", current, encoding="utf-8"))


def is_about_credentials(response: aiohttp.ClientResponse) -> bool:
    """True for a 401 about the gateway's own credentials, not about the client's token."""
    scheme = response.headers.get("WWW-Authenticate", "").partition(" ")[0]
    return response.status == Unauthenticated.status and scheme.lower() == "basic"
