"""Settings of providers, and the URLs that may be called or redirected to."""

import re
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from shared.contracts.oauth import SignInProvider
from shared.settings import Secret

GOOGLE, GITHUB = "google", "github"
GOOGLE_ISSUER = "https://accounts.google.com"

# The name is a segment of our own paths.
Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]


class IssuerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An OpenID Connect provider; `title` is its name for people. Its `email_verified` is trusted, so its
    operator can sign in to every account with a verified address.

    Without a `client_secret` this service is a public client (RFC 6749 §2.1), protected by PKCE.
    """

    name: Name
    title: Text | None = None
    issuer: Text
    client_id: Text
    client_secret: Secret | None = None
    scopes: tuple[Text, ...] = ("openid", "email")


class GitHubSettings(msgspec.Struct, frozen=True, kw_only=True):
    """github.com or a GitHub Enterprise Server: OAuth 2.0 and a REST API, without ID tokens."""

    client_id: str
    client_secret: Secret
    url: str
    api_url: str


class ProviderSettings(msgspec.Struct, frozen=True):
    """All configured providers."""

    issuers: tuple[IssuerSettings, ...] = ()
    github: GitHubSettings | None = None

    @property
    def names_by_issuer(self) -> dict[str, str]:
        """Names of the providers; of two with the same issuer, the first."""
        github = {self.github.url: GITHUB} if self.github else {}
        return {each.issuer: each.name for each in reversed(self.issuers)} | github

    @property
    def offered(self) -> tuple[SignInProvider, ...]:
        """The providers as the page offers them."""
        github = (SignInProvider(GITHUB, "GitHub"),) if self.github else ()
        named = (SignInProvider(each.name, each.title or each.name.title()) for each in self.issuers)
        return (*named, *github)


class BadProvider(ValueError):
    """AUTH_OAUTH_PROVIDERS is malformed; the message contains no secret."""


def parse_issuers(text: str) -> tuple[IssuerSettings, ...]:
    """Parses JSON: `[{"name": …, "issuer": …, "client_id": …, "client_secret": …}, …]`. Raises
    BadProvider.
    """
    try:
        return msgspec.json.decode(text, type=tuple[IssuerSettings, ...], dec_hook=_decode_secret)
    except msgspec.ValidationError as error:
        raise BadProvider(str(error)) from None  # names fields and types, never values
    except msgspec.DecodeError:
        raise BadProvider("it is not JSON") from None


def is_allowed_url(url: str, *, loopback_http: bool) -> bool:
    """True for URLs that this service may request: HTTPS, or with `loopback_http` also HTTP to this machine.

    OIDC Core §3.1.2.1, Discovery §3 and RFC 9700 §2.6 require TLS. The same applies to URLs in a provider's
    documents, so that they cannot lead to internal services (SSRF; ASVS 5.0 §1.3.6).
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    if not parts.hostname or parts.username is not None or parts.password is not None:
        return False
    if any(character <= " " or character > "~" for character in url):
        return False
    return parts.scheme == "https" or (
        loopback_http and parts.scheme == "http" and _is_loopback(parts.hostname)
    )


def is_redirect_target(url: str) -> bool:
    """True for URLs that a browser may be redirected to with a code: HTTPS, HTTP to its own machine (native
    applications, RFC 8252 §7.3), or a private-use scheme, which contains a dot (RFC 8252 §7.1).
    """
    if re.fullmatch(r"[!-~]+", url) is None or "#" in url:
        return False
    if re.match(r"[a-z][a-z0-9+-]*\.[a-z0-9.+-]*:/", url):
        return True
    return is_allowed_url(url, loopback_http=True)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _decode_secret(kind: type, value: object) -> object:
    if kind is Secret and isinstance(value, str) and value:
        return Secret(value)
    raise ValueError("Expected a text that is not empty")
