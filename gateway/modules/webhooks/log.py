"""What was sent to a webhook and what came of it; and once more, please."""

from typing import Any

from litestar import Controller, Request, get, post
from litestar.params import FromPath

from gateway.clients.webhooks import WebhookClient
from gateway.identity.auth_guard import principal_of
from gateway.identity.scopes import scoped
from gateway.modules.webhooks.schemas import Cursor, Limit, StatusIs
from gateway.openapi.problem_responses import NO_STORE, SIGNED_IN, problems
from shared.contracts.webhooks import Delivery, DeliveryPage
from shared.http import Injected

AnyRequest = Request[Any, Any, Any]


class DeliveriesController(Controller):
    path = "/v1/webhooks/{webhook_id:str}/deliveries"
    tags = ["webhooks"]  # noqa: RUF012 - Litestar's own form
    opt = scoped("conversions")
    cache_control = NO_STORE

    @get(
        summary="Messages to a webhook with their attempts, newest first",
        operation_id="list_webhook_deliveries",
        security=SIGNED_IN,
        responses=problems(400, 401, 403, 404),
    )
    async def deliveries(
        self,
        request: AnyRequest,
        webhook_id: FromPath[str],
        webhooks: Injected[WebhookClient],
        *,
        status: StatusIs = None,
        cursor: Cursor = None,
        limit: Limit = 20,
    ) -> DeliveryPage:
        asked = {"status": status, "cursor": cursor, "limit": str(limit)}
        query = {name: value for name, value in asked.items() if value is not None}
        return await webhooks.deliveries(principal_of(request).access_token, webhook_id, query)

    @post(
        "/{delivery_id:str}/replay",
        status_code=202,
        summary="Send a message again, with the same webhook-id",
        operation_id="replay_webhook_delivery",
        security=SIGNED_IN,
        responses=problems(400, 401, 403, 404, 409),
    )
    async def replay(
        self,
        request: AnyRequest,
        webhook_id: FromPath[str],
        delivery_id: FromPath[str],
        webhooks: Injected[WebhookClient],
    ) -> Delivery:
        return await webhooks.replay(principal_of(request).access_token, webhook_id, delivery_id)
