"""GitHub: OAuth 2.0 without ID tokens. Who somebody is, and their addresses, are asked of its API."""

from typing import Any

import msgspec

from auth_service.oauth.errors import Refused
from auth_service.oauth.providers.authorization_response import refuse_errors
from auth_service.oauth.providers.code_grant import Client, question, redeem
from auth_service.oauth.providers.config import GitHub
from auth_service.oauth.providers.http_client import Outbound
from auth_service.oauth.providers.ports import Answer, Identity, Pending

API_VERSION = "2022-11-28"


class GitHubUser(msgspec.Struct, frozen=True):
    """https://docs.github.com/en/rest/users/users: `id` stays, `login` may be renamed and taken by others."""

    id: int


class GitHubAddress(msgspec.Struct, frozen=True):
    """https://docs.github.com/en/rest/users/emails."""

    email: str
    primary: bool
    verified: bool


class GitHubProvider:
    """There is no nonce: what PKCE and the state bind is the code (RFC 9700 §2.1.1), and the access token
    comes from GitHub itself, for this client alone.
    """

    def __init__(self, config: GitHub, outbound: Outbound) -> None:
        self._config = config
        self._outbound = outbound
        self._client = Client(
            client_id=config.client_id,
            client_secret=config.client_secret,
            scopes=("user:email",),
            method="client_secret_post",
        )

    async def question(self, pending: Pending) -> str:
        return question(self._client, f"{self._config.url}/login/oauth/authorize", pending)

    async def identify(self, answer: Answer, pending: Pending) -> Identity:
        # RFC 9207 §2.4. GitHub does not promise to name itself; if it does, it has to be itself.
        if answer.issuer not in {None, f"{self._config.url}/login/oauth"}:
            raise Refused
        endpoint = f"{self._config.url}/login/oauth/access_token"
        code = refuse_errors(answer)
        tokens = await redeem(self._client, endpoint, code, pending, self._outbound)
        user = await self._ask("/user", tokens.access_token, GitHubUser)
        addresses = await self._ask("/user/emails", tokens.access_token, tuple[GitHubAddress, ...])
        primary = next((address for address in addresses if address.primary), None)
        return Identity(
            self._config.url,
            str(user.id),
            primary.email if primary else None,
            email_verified=primary is not None and primary.verified,
        )

    async def _ask(self, path: str, access_token: str, kind: Any) -> Any:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {access_token}",
            "X-GitHub-Api-Version": API_VERSION,
        }
        return (await self._outbound.get(self._config.api_url + path, headers)).read(kind)
