"""The event stream of a conversion."""

from typing import Any

from litestar import Controller, Request, get
from litestar.response.base import ASGIResponse

from gateway.identity.auth_guard import principal_of
from gateway.limits.concurrency import live
from gateway.modules.conversions.documents import EventsOperation
from gateway.openapi.problem_responses import SIGNED_IN, problems
from gateway.pass_through import upstream_path
from gateway.proxy.event_stream import Watches
from gateway.proxy.relay import Relay
from shared.http import Injected
from shared.identity.scopes import scoped


class EventsController(Controller):
    path = "/v1/conversions/{conversion_id:str}/events"
    tags = ["conversions"]  # noqa: RUF012 - Litestar's own form
    opt = scoped("conversions") | live
    security = SIGNED_IN

    @get(
        "/",
        summary="Stream the events of a conversion",
        operation_id="watch_conversion",
        operation_class=EventsOperation,
        responses=problems(400, 401, 403, 404),
    )
    async def events(
        self, request: Request[Any, Any, Any], converter: Injected[Relay], watches: Injected[Watches]
    ) -> ASGIResponse:
        """Server-Sent Events: first the present state, then `progress`, and last one of `completed`, `failed`
        and `cancelled`, each with the conversion. The stream also ends when the token does.
        """
        watch, caller = watches.open(request), principal_of(request)
        return await converter.events(request, upstream_path(request), caller=caller, watch=watch)
