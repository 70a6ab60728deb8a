"""What happens to a conversion, as it happens."""

from typing import Any

from litestar import Controller, Request, get
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from gateway.clients.converter import ConverterClient
from gateway.identity.auth_guard import principal_of
from gateway.identity.scopes import scoped
from gateway.limits.concurrency import live
from gateway.modules.conversions.documents import EventsOperation
from gateway.openapi.problem_responses import SIGNED_IN, problems
from gateway.proxy.event_stream import Watches
from shared.http import Injected

AnyRequest = Request[Any, Any, Any]


class EventsController(Controller):
    path = "/v1/conversions/{conversion_id:str}/events"
    tags = ["conversions"]  # noqa: RUF012 - Litestar's own form
    opt = scoped("conversions") | live
    security = SIGNED_IN

    @get(
        "/",
        summary="What happens to a conversion, as it happens",
        operation_id="watch_conversion",
        operation_class=EventsOperation,
        responses=problems(400, 401, 403, 404),
    )
    async def events(
        self,
        request: AnyRequest,
        conversion_id: FromPath[str],
        converter: Injected[ConverterClient],
        watches: Injected[Watches],
    ) -> ASGIResponse:
        """Server-Sent Events: `progress`, then one of `completed`, `failed`, `cancelled`, each with the
        conversion. The present state comes at once. It ends after the end, and when the token does.
        """
        watch = watches.open(request)
        token = principal_of(request).access_token
        return await converter.events(request, conversion_id, token, watch)
