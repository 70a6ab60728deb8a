"""Calls to the converter that administrators make: recorded first, then passed on."""

from collections.abc import Mapping
from typing import Any

from litestar import Request
from litestar.response.base import ASGIResponse

from gateway.clients.administration import AdministrationClient
from gateway.core.principal import Principal
from gateway.core.relay import Relay

AnyRequest = Request[Any, Any, Any]


class ManagedClient:
    """No record, no call: auth_service keeps who asks for what, and from where, before the converter hears of
    it (ASVS 5.0 §16.2.1). So a record may be of something that was then refused, or did not come about.
    """

    def __init__(self, administration: AdministrationClient, relay: Relay) -> None:
        self._administration, self._relay = administration, relay

    async def conversions(
        self, request: AnyRequest, principal: Principal, query: Mapping[str, str]
    ) -> ASGIResponse:
        wanted = {name: value for name, value in query.items() if name in {"owner_id", "status"}}
        await self._administration.record(principal.access_token, "conversions_listed", wanted)
        return await self._relay.forward(
            request,
            ("v1", "admin", "conversions"),
            query=tuple(query.items()),
            token=principal.access_token,
        )
