"""The endpoint at which the gateway announces changes of webhooks."""

from typing import Any

from litestar import Controller, Request, post
from litestar.params import JSONBody
from litestar.status_codes import HTTP_204_NO_CONTENT

from auth_service.activity.caller import Caller
from auth_service.activity.event import Event
from auth_service.introspection.authentication import authenticate_any, forwarded_by_the_gateway
from auth_service.introspection.service import Introspection
from auth_service.throttle.client import Client
from auth_service.webhook_changes.service import WebhookChanges
from shared.contracts.webhooks import WebhookChange
from shared.http import Injected


class WebhookChangeController(Controller):
    path = "/v1/auth/webhook-changes"

    @post(status_code=HTTP_204_NO_CONTENT, guards=[forwarded_by_the_gateway])
    async def announce(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[WebhookChange],
        introspection: Injected[Introspection],
        client: Injected[Client],
        webhook_changes: Injected[WebhookChanges],
    ) -> None:
        """The gateway has checked the scope of an API key."""
        caller = Caller(await authenticate_any(request, introspection), client)
        await webhook_changes.announce(caller, Event(data.change), data.current_password)
