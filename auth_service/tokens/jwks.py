"""The JWK set endpoint."""

import msgspec
from litestar import Controller, Response, get

from auth_service.tokens.issuer import AccessTokens
from shared.http import Injected
from shared.identity.key_pair import PublicJwk

MAX_AGE_S = 60


class KeySet(msgspec.Struct, frozen=True):
    """A JWK set (RFC 7517 §5)."""

    keys: tuple[PublicJwk, ...]


class JwksController(Controller):
    @get("/.well-known/jwks.json")
    async def jwks(self, access_tokens: Injected[AccessTokens]) -> Response[KeySet]:
        """The public keys, cacheable for MAX_AGE_S seconds."""
        keys = KeySet(tuple(await access_tokens.public_keys()))
        headers = {"Cache-Control": f"public, max-age={MAX_AGE_S}"}
        return Response(keys, media_type="application/jwk-set+json", headers=headers)
