"""OpenID Connect Discovery: a provider's metadata and signing keys, cached."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet

from auth_service.oauth.providers.document_cache import DocumentCache
from auth_service.oauth.providers.http_client import ProviderHttpClient, provider_unavailable

MAX_KEYS = 100


class Metadata(msgspec.Struct, frozen=True):
    """Provider metadata, the members used here (OpenID Connect Discovery 1.0 §3, RFC 8414 §2, RFC 9207
    §3).
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class Jwks(msgspec.Struct, frozen=True):
    """A JWK set (RFC 7517 §5)."""

    keys: tuple[dict[str, Any], ...]


class Discovery:
    """Metadata and keys of one issuer. All methods raise ProviderUnavailable if they cannot be fetched."""

    def __init__(self, issuer: str, http: ProviderHttpClient, now: Callable[[], datetime]) -> None:
        self._issuer = issuer
        self._http = http
        self._metadata = DocumentCache(self._fetch_metadata, now)
        self._keys = DocumentCache(self._fetch_keys, now)

    async def metadata(self) -> Metadata:
        return await self._metadata.get()

    async def keys(self) -> KeySet:
        return await self._keys.get()

    async def refreshed_keys(self) -> KeySet:
        """The keys, fetched again for a signature by an unknown key (rotation; OIDC Core §10.1.1)."""
        return await self._keys.refresh()

    async def _fetch_metadata(self) -> Metadata:
        url = self._issuer.removesuffix("/") + "/.well-known/openid-configuration"
        metadata = (await self._http.get(url)).decode(Metadata)
        # Discovery §4.3: must equal the configured issuer, or it could impersonate another one.
        if metadata.issuer != self._issuer:
            raise provider_unavailable("issuer differs from the configured one")
        return metadata

    async def _fetch_keys(self) -> KeySet:
        metadata = await self.metadata()
        jwks = (await self._http.get(metadata.jwks_uri)).decode(Jwks)
        keys = [key for key in map(_import_key, jwks.keys[:MAX_KEYS]) if key is not None]
        if not keys:
            raise provider_unavailable("no usable key in the JWK set")
        return KeySet(keys)


def _import_key(jwk: dict[str, Any]) -> Key | None:
    """Imports a key; None for an unknown key type, or a key for encryption (RFC 7517 §4.2, §5)."""
    if jwk.get("use", "sig") != "sig" or jwk.get("kty") not in {"RSA", "EC", "OKP"}:
        return None
    try:
        return JWKRegistry.import_key(jwk)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
