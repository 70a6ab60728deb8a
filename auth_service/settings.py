"""Settings of the service and of its operator commands, from environment variables."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import msgspec

from auth_service.database.encryption import BadDataKeys, DataCipher
from auth_service.oauth.providers.config import (
    GITHUB,
    GOOGLE,
    GOOGLE_ISSUER,
    BadProvider,
    GitHubSettings,
    IssuerSettings,
    ProviderSettings,
    is_allowed_url,
    is_redirect_target,
    parse_issuers,
)
from shared.identity.gateway_keys import GatewayPublicKeys
from shared.settings import Env, HttpUrl, Secret, SettingsError, TlsSettings


class AuthSettings(TlsSettings, frozen=True, kw_only=True):
    database_url: Annotated[Secret, Env("AUTH_DATABASE_URL")]
    """PostgreSQL, `postgresql://user:password@host:5432/database`."""
    introspection_secret: Annotated[Secret, Env("AUTH_INTROSPECTION_SECRET", at_least=16)]
    data_keys: Annotated[Secret, Env("AUTH_DATA_KEYS", at_least=43)]
    """Encrypt secrets in PostgreSQL: base64url keys of 32 random bytes; the first encrypts, all decrypt. See
    [data keys](operations.md#data-keys).
    """
    amqp_url: Annotated[Secret, Env("AMQP_URL")]
    host: Annotated[str, Env("AUTH_HOST")] = "127.0.0.1"
    """Address that auth_service listens on."""
    port: Annotated[int, Env("AUTH_PORT")] = 8001
    """Port of auth_service."""
    metrics_port: Annotated[int, Env("AUTH_METRICS_PORT")] = 9101
    """Port of auth_service's metrics."""
    public_url: Annotated[HttpUrl, Env("GATEWAY_PUBLIC_URL")] = "http://127.0.0.1:8000"
    issuer: Annotated[str | None, Env("AUTH_ISSUER")] = None
    """`iss` of access tokens; without it the public URL."""
    audience: Annotated[str, Env("AUTH_AUDIENCE")] = "tonegate"
    """`aud` of access tokens."""
    gateway_public_keys: Annotated[GatewayPublicKeys, Env("GATEWAY_PUBLIC_KEYS")] = ""
    """Public keys of the gateways as PEM, one after another. Without any every token is refused. See [gateway
    key](operations.md#gateway-key).
    """
    access_token_ttl: Annotated[timedelta, Env("AUTH_ACCESS_TOKEN_TTL", at_least=1)] = timedelta(minutes=15)
    """Lifetime of access tokens."""
    refresh_token_ttl: Annotated[timedelta, Env("AUTH_REFRESH_TOKEN_TTL", at_least=1)] = timedelta(days=30)
    """Lifetime of a session, however often it is refreshed."""
    session_idle_ttl: Annotated[timedelta, Env("AUTH_SESSION_IDLE_TTL", at_least=1)] = timedelta(days=14)
    """A session without a refresh for this time ends."""
    refresh_grace: Annotated[timedelta, Env("AUTH_REFRESH_GRACE", at_least=0)] = timedelta(0)
    """For this time a spent refresh token returns the same successor again, for clients that lose responses.
    Two tabs that refresh at once do not need it.
    """
    verify_token_ttl: Annotated[timedelta, Env("AUTH_VERIFY_TOKEN_TTL", at_least=60)] = timedelta(days=1)
    """Lifetime of the link that verifies an address."""
    reset_token_ttl: Annotated[timedelta, Env("AUTH_RESET_TOKEN_TTL", at_least=60)] = timedelta(hours=1)
    """Lifetime of the link that resets a password."""
    mails_per_hour: Annotated[int, Env("AUTH_MAILS_PER_HOUR", at_least=1)] = 3
    """Account mails of one kind to one address in an hour."""
    require_verified_email: Annotated[bool, Env("AUTH_REQUIRE_VERIFIED_EMAIL")] = False
    """`true`: results are mailed to verified addresses only, and each new account gets a verification mail;
    otherwise it is sent on request.
    """
    admin_second_factor: Annotated[bool, Env("AUTH_ADMIN_SECOND_FACTOR")] = False
    """`true`: administrators without a [second factor](operations.md#accounts) can do nothing but set one up.
    """
    free_failures: Annotated[int, Env("AUTH_FREE_FAILURES", at_least=1)] = 10
    """Failed sign-ins to one account from one network before each further one adds a growing delay."""
    activity_keep: Annotated[timedelta, Env("AUTH_ACTIVITY_KEEP", at_least=3600)] = timedelta(days=90)
    """How long security events are kept. See [accounts](operations.md#accounts)."""
    hash_concurrency: Annotated[int, Env("AUTH_HASH_CONCURRENCY", at_least=1)] = 2
    """Passwords hashed at once."""
    breached_passwords: Annotated[str | None, Env("AUTH_BREACHED_PASSWORDS")] = None
    """Path of a list of breached passwords: their SHA-1 digests in hexadecimal, sorted, one a line, as the
    downloads of "Have I Been Pwned" are. New passwords on it are refused.
    """

    oauth_google_client_id: Annotated[str | None, Env("AUTH_OAUTH_GOOGLE_CLIENT_ID")] = None
    """Signing in with Google."""
    oauth_google_client_secret: Annotated[Secret | None, Env("AUTH_OAUTH_GOOGLE_CLIENT_SECRET")] = None
    """Signing in with Google."""
    oauth_github_client_id: Annotated[str | None, Env("AUTH_OAUTH_GITHUB_CLIENT_ID")] = None
    """Signing in with GitHub."""
    oauth_github_client_secret: Annotated[Secret | None, Env("AUTH_OAUTH_GITHUB_CLIENT_SECRET")] = None
    """Signing in with GitHub."""
    oauth_github_url: Annotated[str, Env("AUTH_OAUTH_GITHUB_URL")] = "https://github.com"
    """Pages of GitHub, or of a GitHub Enterprise Server."""
    oauth_github_api_url: Annotated[str, Env("AUTH_OAUTH_GITHUB_API_URL")] = "https://api.github.com"
    """API of GitHub, or of a GitHub Enterprise Server."""
    oauth_providers: Annotated[Secret | None, Env("AUTH_OAUTH_PROVIDERS")] = None
    """OpenID Connect issuers. See [signing in with providers](operations.md#signing-in-with-providers)."""
    oauth_redirect_urls: Annotated[tuple[str, ...], Env("AUTH_OAUTH_REDIRECT_URLS")] = ()
    """Front ends that may receive a one-time code."""
    oauth_loopback_http: Annotated[bool, Env("AUTH_OAUTH_LOOPBACK_HTTP")] = False
    """`true` allows issuers at `http://127.0.0.1` and the like, for development."""

    def __post_init__(self) -> None:
        """Raises SettingsError that names every malformed variable."""
        problems = [*self._pair_problems(), *self._issuer_problems(), *self._url_problems()]
        problems += [*_list_problems(self.breached_passwords), *_key_problems(self.data_keys)]
        if problems:
            raise SettingsError("\n".join(problems))

    def providers(self) -> ProviderSettings:
        """The providers that users can sign in with."""
        google, github = self._google(), None
        if self.oauth_github_client_id and self.oauth_github_client_secret:
            github = GitHubSettings(
                client_id=self.oauth_github_client_id,
                client_secret=self.oauth_github_client_secret,
                url=self.oauth_github_url.rstrip("/"),
                api_url=self.oauth_github_api_url.rstrip("/"),
            )
        named = parse_issuers(self.oauth_providers.reveal()) if self.oauth_providers else ()
        return ProviderSettings((*google, *named), github)

    @property
    def page_url(self) -> str:
        """The page that the gateway serves: the redirect target of its sign-ins with providers."""
        return f"{self.public_url.rstrip('/')}/"

    def _google(self) -> tuple[IssuerSettings, ...]:
        if self.oauth_google_client_id is None:
            return ()
        secret, issuer = self.oauth_google_client_secret, GOOGLE_ISSUER
        return (
            IssuerSettings(
                name=GOOGLE, issuer=issuer, client_id=self.oauth_google_client_id, client_secret=secret
            ),
        )

    def _pair_problems(self) -> list[str]:
        pairs = {
            "GOOGLE": (self.oauth_google_client_id, self.oauth_google_client_secret),
            "GITHUB": (self.oauth_github_client_id, self.oauth_github_client_secret),
        }
        return [
            f"AUTH_OAUTH_{name}_CLIENT_ID and AUTH_OAUTH_{name}_CLIENT_SECRET: set both or neither"
            for name, (identity, secret) in pairs.items()
            if (identity is None) != (secret is None)
        ]

    def _issuer_problems(self) -> list[str]:
        try:
            named = parse_issuers(self.oauth_providers.reveal()) if self.oauth_providers else ()
        except BadProvider as error:
            return [f"AUTH_OAUTH_PROVIDERS: {error}"]
        names = [each.name for each in named]
        problems = [
            f"AUTH_OAUTH_PROVIDERS: {name} is defined twice, or has its own variables"
            for name in sorted(set(names))
            if names.count(name) > 1 or name in {GOOGLE, GITHUB}
        ]
        problems += [
            f"AUTH_OAUTH_PROVIDERS: the issuer of {each.name} must be an https:// URL without a query"
            for each in named
            if "?" in each.issuer or "#" in each.issuer or not self._is_allowed_url(each.issuer)
        ]
        lacking = [each.name for each in named if "openid" not in each.scopes]
        return problems + [
            f"AUTH_OAUTH_PROVIDERS: the scopes of {name} must include openid" for name in lacking
        ]

    def _url_problems(self) -> list[str]:
        urls = {
            "AUTH_OAUTH_GITHUB_URL": self.oauth_github_url,
            "AUTH_OAUTH_GITHUB_API_URL": self.oauth_github_api_url,
        }
        problems = [
            f"{name}: must be an https:// URL" for name, url in urls.items() if not self._is_allowed_url(url)
        ]
        return problems + [
            f"AUTH_OAUTH_REDIRECT_URLS: {url!r} is not an https:// URL without a fragment"
            for url in self.oauth_redirect_urls
            if not is_redirect_target(url)
        ]

    def _is_allowed_url(self, url: str) -> bool:
        return is_allowed_url(url, loopback_http=self.oauth_loopback_http)


class CommandSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the operator commands, which need only the database and its keys."""

    database_url: Annotated[Secret, Env("AUTH_DATABASE_URL")]
    data_keys: Annotated[Secret, Env("AUTH_DATA_KEYS", at_least=43)]
    mails_per_hour: Annotated[int, Env("AUTH_MAILS_PER_HOUR", at_least=1)] = 3
    require_verified_email: Annotated[bool, Env("AUTH_REQUIRE_VERIFIED_EMAIL")] = False
    access_token_ttl: Annotated[timedelta, Env("AUTH_ACCESS_TOKEN_TTL", at_least=1)] = timedelta(minutes=15)
    admin_password: Annotated[Secret | None, Env("AUTH_ADMIN_PASSWORD")] = None
    """Password for `create-admin`, which asks for it otherwise."""
    breached_passwords: Annotated[str | None, Env("AUTH_BREACHED_PASSWORDS")] = None

    def __post_init__(self) -> None:
        """Raises SettingsError for a list that cannot be read, and for malformed keys."""
        if problems := [*_list_problems(self.breached_passwords), *_key_problems(self.data_keys)]:
            raise SettingsError("\n".join(problems))


def _key_problems(keys: Secret) -> list[str]:
    try:
        DataCipher(keys)
    except BadDataKeys as error:
        return [f"AUTH_DATA_KEYS: {error}"]
    return []


def _list_problems(path: str | None) -> list[str]:
    if path is None or (Path(path).is_file() and os.access(path, os.R_OK)):
        return []
    return [f"AUTH_BREACHED_PASSWORDS: {path!r} is not a file that can be read"]
