"""The authorization code grant with PKCE (RFC 6749 §4.1, RFC 7636): Authlib's client over
ProviderHttpClient.
"""

import base64
from typing import Any
from urllib.parse import quote_plus

import msgspec
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.client import OAuth2Client

from auth_service.oauth.errors import LoginRefused
from auth_service.oauth.providers.http_client import (
    ProviderHttpClient,
    ProviderResponse,
    provider_unavailable,
)
from auth_service.oauth.providers.ports import PendingLogin
from shared.logs import get_logger
from shared.settings import Secret

# Errors caused by the code or the browser; the last one is GitHub's own.
CODE_ERRORS = frozenset({"invalid_grant", "invalid_request", "bad_verification_code"})


class TokenResponse(msgspec.Struct, frozen=True):
    """A successful token response (RFC 6749 §5.1, OIDC Core §3.1.3.3)."""

    access_token: str
    token_type: str
    id_token: str | None = None


class ClientRegistration(msgspec.Struct, frozen=True, kw_only=True):
    """Our registration at a provider. `method` is the authentication at its token endpoint (OIDC Core §9)."""

    client_id: str
    client_secret: Secret | None
    scopes: tuple[str, ...]
    method: str


def authorization_url(
    registration: ClientRegistration, endpoint: str, pending: PendingLogin, **parameters: str
) -> str:
    """The authorization request (RFC 6749 §4.1.1) with an S256 code challenge (RFC 7636 §4.3)."""
    url, _ = _session(registration, pending).create_authorization_url(
        endpoint, state=pending.state, code_verifier=pending.code_verifier, **parameters
    )
    return str(url)


async def redeem_code(
    registration: ClientRegistration,
    endpoint: str,
    code: str,
    pending: PendingLogin,
    http: ProviderHttpClient,
) -> TokenResponse:
    """The token request (RFC 6749 §4.1.3). Raises LoginRefused for a bad code, otherwise
    ProviderUnavailable.
    """
    session = _session(registration, pending)
    try:
        body = await session.redeem(endpoint, code, pending.code_verifier, http)
    except OAuth2Error as error:
        raise _translate(str(error.error)) from error
    except (ValueError, TypeError, KeyError) as error:
        raise provider_unavailable("malformed token response") from error
    try:
        token = msgspec.convert(body, TokenResponse)
    except msgspec.ValidationError as error:
        raise provider_unavailable("token response without a token") from error
    if token.token_type.lower() != "bearer":
        raise provider_unavailable("unknown token type")
    return token


class _Session(OAuth2Client):  # type: ignore[misc]  # Authlib is untyped
    """Authlib's client with `_fetch_token` overridden, so that requests go through ProviderHttpClient."""

    async def redeem(
        self, endpoint: str, code: str, verifier: str, http: ProviderHttpClient
    ) -> dict[str, Any]:
        self.session = http
        tokens: dict[str, Any] = await self.fetch_token(
            endpoint, grant_type="authorization_code", code=code, code_verifier=verifier
        )
        return tokens

    async def _fetch_token(
        self, url: str, body: str, headers: dict[str, str], auth: Any, **_: Any
    ) -> dict[str, Any]:
        url, headers, body = auth.prepare("POST", url, dict(headers), body)
        response: ProviderResponse = await self.session.request("POST", url, headers, body)
        content = response.decode(dict[str, Any])
        if "error" in content:
            raise OAuth2Error(error=str(content["error"])[:64])
        if response.status != 200:
            raise ValueError("neither a token nor an error")
        return content


def _session(registration: ClientRegistration, pending: PendingLogin) -> _Session:
    secret = registration.client_secret
    session = _Session(
        None,
        client_id=registration.client_id,
        client_secret=secret.reveal() if secret else None,
        token_endpoint_auth_method=registration.method,
        scope=" ".join(registration.scopes),
        redirect_uri=pending.callback,
        code_challenge_method="S256",
    )
    session.register_client_auth_method(("client_secret_basic", _encode_basic))
    return session


def _encode_basic(
    auth: Any, _: str, url: str, headers: dict[str, str], body: str
) -> tuple[str, dict[str, str], str]:
    """Form-encodes id and secret first (RFC 6749 §2.3.1), which Authlib omits."""
    pair = f"{quote_plus(auth.client_id)}:{quote_plus(auth.client_secret or '')}"
    headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    return url, headers, body


def _translate(error: str) -> Exception:
    if error in CODE_ERRORS:
        get_logger(__name__).info("provider refused the authorization code", error=error)
        return LoginRefused()
    # Our registration at the provider is misconfigured: not the user's fault.
    get_logger(__name__).error("provider refused the client registration", error=error)
    return provider_unavailable("client registration refused")
