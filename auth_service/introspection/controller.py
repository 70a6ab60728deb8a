"""The token introspection endpoint (RFC 7662), for the gateway, and its bodies."""

from typing import Annotated, Literal

import msgspec
from litestar import Controller, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.status_codes import HTTP_200_OK

from auth_service.introspection.service import Introspection
from auth_service.tokens.access_token import AccessClaims
from shared.http import Injected


class Introspect(msgspec.Struct, frozen=True):
    """Request (RFC 7662 §2.1); `token_type_hint` is accepted and ignored."""

    token: str


class Inactive(msgspec.Struct, frozen=True):
    """Response for a token that is not valid, without a reason (RFC 7662 §2.2)."""

    active: Literal[False] = False


class Active(AccessClaims, frozen=True, kw_only=True):
    """Response for a valid token (RFC 7662 §2.2): its claims, with the account's current roles and address.

    `access_token` is the JWT to forward to other services.
    """

    active: Literal[True] = True
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a token type


class IntrospectionController(Controller):
    """Token introspection. The router must guard it with `GatewayCredentials.guard`."""

    path = "/introspect"

    @post(status_code=HTTP_200_OK)
    async def introspect(
        self,
        data: Annotated[Introspect, Body(media_type=RequestEncodingType.URL_ENCODED)],
        introspection: Injected[Introspection],
    ) -> Active | Inactive:
        principal = await introspection.introspect(data.token)
        if principal is None:
            return Inactive()
        return Active(**msgspec.structs.asdict(principal.claims), access_token=principal.internal_token)
