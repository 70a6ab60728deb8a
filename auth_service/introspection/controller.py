"""The token introspection endpoint (RFC 7662), for the gateway."""

from typing import Annotated

import msgspec
from litestar import Controller, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.status_codes import HTTP_200_OK

from auth_service.introspection.schemas import Active, Inactive, Introspect
from auth_service.introspection.service import Introspection
from shared.http import Injected


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
        return Active(**msgspec.structs.asdict(principal.claims))
