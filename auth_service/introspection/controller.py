"""Introspection for the gateway, and the keys that tokens are signed with for everybody."""

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.status_codes import HTTP_200_OK

from auth_service.caching import KEYS_MAX_AGE_S, NO_STORE
from auth_service.introspection.schemas import Active, Inactive, Introspect, KeySet, introspection
from auth_service.introspection.service import Callers
from auth_service.tokens.issuer import AccessTokens
from shared.http import Injected


class KeyController(Controller):
    @get("/.well-known/jwks.json")
    async def jwks(self, access_tokens: Injected[AccessTokens]) -> Response[KeySet]:
        keys = KeySet(tuple(await access_tokens.public_keys()))
        headers = {"Cache-Control": f"public, max-age={KEYS_MAX_AGE_S}"}
        return Response(keys, media_type="application/jwk-set+json", headers=headers)


class IntrospectionController(Controller):
    """RFC 7662. Whoever routes to it guards it."""

    path = "/introspect"
    cache_control = NO_STORE

    @post(status_code=HTTP_200_OK)
    async def introspect(
        self,
        data: Annotated[Introspect, Body(media_type=RequestEncodingType.URL_ENCODED)],
        callers: Injected[Callers],
    ) -> Active | Inactive:
        return introspection(await callers.caller(data.token))
