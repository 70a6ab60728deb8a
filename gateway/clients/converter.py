"""Calls to the converter: its answers are passed on as they come, with the caller's token."""

from typing import Any

import msgspec
from litestar import Request
from litestar.response.base import ASGIResponse

from gateway.proxy.event_stream import Watch
from gateway.proxy.relay import Relay
from gateway.query import Query
from shared.settings import Secret

CONVERSIONS = ("v1", "conversions")
UPLOADS = ("v1", "uploads")

AnyRequest = Request[Any, Any, Any]


class ConverterClient:
    """Each method relays the request at hand to one fixed place; see Relay.forward for what it raises."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    async def conversions(self, request: AnyRequest, query: Query, token: Secret) -> ASGIResponse:
        return await self._relay.forward(request, CONVERSIONS, query=query, token=token)

    async def conversion(self, request: AnyRequest, conversion_id: str, token: Secret) -> ASGIResponse:
        return await self._relay.forward(request, (*CONVERSIONS, conversion_id), token=token)

    async def remove(self, request: AnyRequest, conversion_id: str, token: Secret) -> None:
        await self._relay.perform(request, (*CONVERSIONS, conversion_id), token=token)

    async def act(
        self, request: AnyRequest, conversion_id: str, what: str, token: Secret, said: object = None
    ) -> msgspec.Raw:
        """The JSON that answers `what` is done with a conversion, as it is."""
        return await self._relay.call(request, (*CONVERSIONS, conversion_id, what), token=token, said=said)

    async def events(
        self, request: AnyRequest, conversion_id: str, token: Secret, watch: Watch
    ) -> ASGIResponse:
        return await self._relay.live(
            request, (*CONVERSIONS, conversion_id, "events"), token=token, watch=watch
        )

    async def audio(
        self, request: AnyRequest, conversion_id: str, query: Query, token: Secret | None
    ) -> ASGIResponse:
        """`query` carries a signature when there is no token."""
        return await self._relay.forward(
            request, (*CONVERSIONS, conversion_id, "audio"), query=query, token=token
        )

    async def uploads(self, request: AnyRequest, token: Secret | None) -> ASGIResponse:
        return await self._relay.forward(request, UPLOADS, token=token)

    async def resumable(self, request: AnyRequest, upload_id: str, token: Secret) -> ASGIResponse:
        return await self._relay.forward(request, (*UPLOADS, upload_id), token=token)

    async def terminate(self, request: AnyRequest, upload_id: str, token: Secret) -> None:
        await self._relay.perform(request, (*UPLOADS, upload_id), token=token)
