"""Which providers people may sign in with, as an operator names them. Pure."""

import re
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from shared.settings import Secret

GOOGLE, GITHUB = "google", "github"
GOOGLE_ISSUER = "https://accounts.google.com"

# A provider's name stands in our own paths, and in nobody's header.
Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]


class Issuer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An OpenID Connect provider. Its `email_verified` is believed: whoever runs it can sign in as anybody
    whose verified address it names.

    Without a `client_secret` we are a public client (RFC 6749 §2.1), which PKCE makes bearable.
    """

    name: Name
    issuer: Text
    client_id: Text
    client_secret: Secret | None = None
    scopes: tuple[Text, ...] = ("openid", "email")


class GitHub(msgspec.Struct, frozen=True, kw_only=True):
    """github.com or a GitHub Enterprise Server, which have OAuth 2.0 and an API, and no ID tokens."""

    client_id: str
    client_secret: Secret
    url: str
    api_url: str


class Providers(msgspec.Struct, frozen=True):
    issuers: tuple[Issuer, ...] = ()
    github: GitHub | None = None

    @property
    def names(self) -> dict[str, str]:
        """By issuer; of two for the same issuer the first."""
        github = {self.github.url: GITHUB} if self.github else {}
        return {each.issuer: each.name for each in reversed(self.issuers)} | github


class BadProvider(ValueError):
    """Says what an operator has to change; holds no secret."""


def issuers(text: str) -> tuple[Issuer, ...]:
    """From JSON: `[{"name": …, "issuer": …, "client_id": …, "client_secret": …}, …]`. Raises BadProvider."""
    try:
        return msgspec.json.decode(text, type=tuple[Issuer, ...], dec_hook=_secret)
    except msgspec.ValidationError as bad:
        raise BadProvider(str(bad)) from None  # speaks of fields and types, never of values
    except msgspec.DecodeError:
        raise BadProvider("it is not JSON") from None


def is_callable(url: str, *, loopback_http: bool) -> bool:
    """May this service call it? Plain HTTP only to this machine itself, and only where that is allowed.

    OIDC Core §3.1.2.1, Discovery §3 and RFC 9700 §2.6 want TLS everywhere. What a provider's own documents
    point to is held to the same, so that they cannot lead us to the services inside (ASVS 5.0 §1.3.6).
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
    """May a browser be sent there with a one-time code? HTTPS, this very machine (a native application,
    RFC 8252 §7.3), or an application's own scheme, which has a dot in it (RFC 8252 §7.1).
    """
    if re.fullmatch(r"[!-~]+", url) is None or "#" in url:
        return False
    if re.match(r"[a-z][a-z0-9+-]*\.[a-z0-9.+-]*:/", url):
        return True
    return is_callable(url, loopback_http=True)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _secret(kind: type, value: object) -> object:
    if kind is Secret and isinstance(value, str) and value:
        return Secret(value)
    raise ValueError("Expected a text that is not empty")
