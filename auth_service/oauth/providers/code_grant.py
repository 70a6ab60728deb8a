"""A code for an access token (RFC 6749 §4.1.3, RFC 7636 §4.5): Authlib's client on our own connections."""

import base64
from typing import Any
from urllib.parse import quote_plus

import msgspec
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.client import OAuth2Client

from auth_service.oauth.errors import Refused
from auth_service.oauth.providers.http_client import Fetched, Outbound, gone
from auth_service.oauth.providers.ports import Pending
from shared.logs import get_logger
from shared.settings import Secret

# It is the code that is wrong, or who sent it: GitHub has a name of its own for that.
WRONG_CODE = frozenset({"invalid_grant", "invalid_request", "bad_verification_code"})


class TokenAnswer(msgspec.Struct, frozen=True):
    """RFC 6749 §5.1, OIDC Core §3.1.3.3."""

    access_token: str
    token_type: str
    id_token: str | None = None


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """Who we are at a provider. `method` is how we say so at its token endpoint (OIDC Core §9)."""

    client_id: str
    client_secret: Secret | None
    scopes: tuple[str, ...]
    method: str


def question(client: Client, endpoint: str, pending: Pending, **more: str) -> str:
    """RFC 6749 §4.1.1 with PKCE (RFC 7636 §4.3)."""
    url, _ = _session(client, pending).create_authorization_url(
        endpoint, state=pending.state, code_verifier=pending.code_verifier, **more
    )
    return str(url)


async def redeem(
    client: Client, endpoint: str, code: str, pending: Pending, outbound: Outbound
) -> TokenAnswer:
    """Raises Refused when the code is not good, ProviderAway for everything else."""
    session = _session(client, pending)
    try:
        answer = await session.redeem(endpoint, code, pending.code_verifier, outbound)
    except OAuth2Error as refused:
        raise _refusal(str(refused.error)) from refused
    except (ValueError, TypeError, KeyError) as bad:
        raise gone("its token endpoint made no sense") from bad
    try:
        token = msgspec.convert(answer, TokenAnswer)
    except msgspec.ValidationError as bad:
        raise gone("its token endpoint gave no token") from bad
    if token.token_type.lower() != "bearer":
        raise gone("its token is of no known type")
    return token


class _Session(OAuth2Client):  # type: ignore[misc]  # Authlib is untyped
    """Authlib's client speaks through whatever transport its `_fetch_token` does."""

    async def redeem(self, endpoint: str, code: str, verifier: str, outbound: Outbound) -> dict[str, Any]:
        self.session = outbound
        tokens: dict[str, Any] = await self.fetch_token(
            endpoint, grant_type="authorization_code", code=code, code_verifier=verifier
        )
        return tokens

    async def _fetch_token(
        self, url: str, body: str, headers: dict[str, str], auth: Any, **_: Any
    ) -> dict[str, Any]:
        url, headers, body = auth.prepare("POST", url, dict(headers), body)
        fetched: Fetched = await self.session.call("POST", url, headers, body)
        answer = fetched.read(dict[str, Any])
        if "error" in answer:
            raise OAuth2Error(error=str(answer["error"])[:64])
        if fetched.status != 200:
            raise ValueError("neither a token nor an error")
        return answer


def _session(client: Client, pending: Pending) -> _Session:
    secret = client.client_secret
    session = _Session(
        None,
        client_id=client.client_id,
        client_secret=secret.reveal() if secret else None,
        token_endpoint_auth_method=client.method,
        scope=" ".join(client.scopes),
        redirect_uri=pending.callback,
        code_challenge_method="S256",
    )
    session.register_client_auth_method(("client_secret_basic", _basic))
    return session


def _basic(
    auth: Any, _: str, url: str, headers: dict[str, str], body: str
) -> tuple[str, dict[str, str], str]:
    """RFC 6749 §2.3.1: both are form-encoded first, which Authlib leaves out."""
    pair = f"{quote_plus(auth.client_id)}:{quote_plus(auth.client_secret or '')}"
    headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    return url, headers, body


def _refusal(error: str) -> Exception:
    if error in WRONG_CODE:
        get_logger(__name__).info("a provider refused a code", error=error)
        return Refused()
    # Our own registration there is wrong: no matter of the one who signs in.
    get_logger(__name__).error("a provider refused us", error=error)
    return gone("it refused us")
