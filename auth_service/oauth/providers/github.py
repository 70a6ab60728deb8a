"""GitHub: OAuth 2.0 without ID tokens; user id and addresses are read from its REST API."""

from typing import Any

import msgspec

from auth_service.oauth.errors import LoginRefused
from auth_service.oauth.providers.authorization_response import authorization_code
from auth_service.oauth.providers.code_grant import ClientRegistration, authorization_url, redeem_code
from auth_service.oauth.providers.config import GitHubSettings
from auth_service.oauth.providers.http_client import ProviderHttpClient
from auth_service.oauth.providers.ports import AuthorizationResponse, Identity, PendingLogin

API_VERSION = "2022-11-28"


class GitHubUser(msgspec.Struct, frozen=True):
    """The user; `id` is permanent, unlike `login` (https://docs.github.com/en/rest/users/users)."""

    id: int


class GitHubAddress(msgspec.Struct, frozen=True):
    """An email address of the user (https://docs.github.com/en/rest/users/emails)."""

    email: str
    primary: bool
    verified: bool


class GitHubProvider:
    """GitHub as a login provider.

    There is no nonce: PKCE and state protect the code (RFC 9700 §2.1.1), and the access token comes
    directly from GitHub, issued to this client.
    """

    def __init__(self, settings: GitHubSettings, http: ProviderHttpClient) -> None:
        self._settings = settings
        self._http = http
        self._registration = ClientRegistration(
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            scopes=("user:email",),
            method="client_secret_post",
        )

    async def authorization_url(self, pending: PendingLogin) -> str:
        return authorization_url(self._registration, f"{self._settings.url}/login/oauth/authorize", pending)

    async def identify(self, response: AuthorizationResponse, pending: PendingLogin) -> Identity:
        # RFC 9207 §2.4. GitHub need not send its issuer, but a different one is refused.
        if response.issuer not in {None, f"{self._settings.url}/login/oauth"}:
            raise LoginRefused
        endpoint = f"{self._settings.url}/login/oauth/access_token"
        code = authorization_code(response)
        tokens = await redeem_code(self._registration, endpoint, code, pending, self._http)
        user = await self._get("/user", tokens.access_token, GitHubUser)
        addresses = await self._get("/user/emails", tokens.access_token, tuple[GitHubAddress, ...])
        primary = next((address for address in addresses if address.primary), None)
        return Identity(
            self._settings.url,
            str(user.id),
            primary.email if primary else None,
            email_verified=primary is not None and primary.verified,
        )

    async def _get(self, path: str, access_token: str, kind: Any) -> Any:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {access_token}",
            "X-GitHub-Api-Version": API_VERSION,
        }
        return (await self._http.get(self._settings.api_url + path, headers)).decode(kind)
