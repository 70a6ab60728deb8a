"""What an OpenID Connect provider says of itself, and the keys it signs with."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet

from auth_service.oauth.providers.document_cache import Remembered
from auth_service.oauth.providers.http_client import Outbound, gone

MOST_KEYS = 100


class Metadata(msgspec.Struct, frozen=True):
    """OpenID Connect Discovery 1.0 §3, RFC 8414 §2, RFC 9207 §3: the members that are used here."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class Jwks(msgspec.Struct, frozen=True):
    """RFC 7517 §5."""

    keys: tuple[dict[str, Any], ...]


class Discovery:
    """Metadata and keys of one issuer. All calls raise ProviderAway when neither it nor memory has them."""

    def __init__(self, issuer: str, outbound: Outbound, now: Callable[[], datetime]) -> None:
        self._issuer = issuer
        self._outbound = outbound
        self._metadata = Remembered(self._fetch_metadata, now)
        self._keys = Remembered(self._fetch_keys, now)

    async def metadata(self) -> Metadata:
        return await self._metadata.get()

    async def keys(self) -> KeySet:
        return await self._keys.get()

    async def newer_keys(self) -> KeySet:
        """For a signature by an unknown key: the provider may have changed it (OIDC Core §10.1.1)."""
        return await self._keys.newer()

    async def _fetch_metadata(self) -> Metadata:
        url = self._issuer.removesuffix("/") + "/.well-known/openid-configuration"
        metadata = (await self._outbound.get(url)).read(Metadata)
        # Discovery §4.3: exactly the issuer that was asked, or somebody speaks in its name.
        if metadata.issuer != self._issuer:
            raise gone("it names another issuer than the one configured")
        return metadata

    async def _fetch_keys(self) -> KeySet:
        metadata = await self.metadata()
        jwks = (await self._outbound.get(metadata.jwks_uri)).read(Jwks)
        keys = [key for key in map(_usable, jwks.keys[:MOST_KEYS]) if key is not None]
        if not keys:
            raise gone("it publishes no key that could be used")
        return KeySet(keys)


def _usable(jwk: dict[str, Any]) -> Key | None:
    """None for a key of a kind that is not known, or for encryption (RFC 7517 §4.2, §5)."""
    if jwk.get("use", "sig") != "sig" or jwk.get("kty") not in {"RSA", "EC", "OKP"}:
        return None
    try:
        return JWKRegistry.import_key(jwk)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
