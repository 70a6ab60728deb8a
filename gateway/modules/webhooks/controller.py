"""Make, look at, change and remove webhooks."""

from typing import Any

from litestar import Controller, Request, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from gateway.clients.webhooks import WebhookClient
from gateway.idempotency.service import IdempotencyKey, Once
from gateway.identity.auth_guard import principal_of
from gateway.identity.scopes import scoped
from gateway.openapi.problem_responses import NO_STORE, SIGNED_IN, problems
from shared.contracts.webhooks import ChangeWebhook, Delivery, MadeWebhook, NewWebhook, Webhook, WebhookList
from shared.http import Injected

AnyRequest = Request[Any, Any, Any]


class WebhooksController(Controller):
    path = "/v1/webhooks"
    tags = ["webhooks"]  # noqa: RUF012 - Litestar's own form
    opt = scoped("conversions")
    cache_control = NO_STORE

    @post(
        summary="Be told of events at an address of yours (Standard Webhooks)",
        operation_id="create_webhook",
        security=SIGNED_IN,
        responses=problems(400, 401, 403, 408, 409, 413, 415, 422),
    )
    async def create(
        self,
        request: AnyRequest,
        data: JSONBody[NewWebhook],
        webhooks: Injected[WebhookClient],
        once: Injected[Once],
        idempotency_key: IdempotencyKey = None,
    ) -> MadeWebhook:
        token = principal_of(request).access_token
        return await once.perform(
            request, idempotency_key, data, MadeWebhook, lambda: webhooks.create(token, data)
        )

    @get(
        summary="Your webhooks, newest first",
        operation_id="list_webhooks",
        security=SIGNED_IN,
        responses=problems(401, 403),
    )
    async def list_own(self, request: AnyRequest, webhooks: Injected[WebhookClient]) -> WebhookList:
        return await webhooks.all_of(principal_of(request).access_token)

    @get(
        "/{webhook_id:str}",
        summary="One webhook",
        operation_id="get_webhook",
        security=SIGNED_IN,
        responses=problems(400, 401, 403, 404),
    )
    async def webhook(
        self, request: AnyRequest, webhook_id: FromPath[str], webhooks: Injected[WebhookClient]
    ) -> Webhook:
        return await webhooks.get(principal_of(request).access_token, webhook_id)

    @patch(
        "/{webhook_id:str}",
        summary="Change, disable or enable a webhook",
        operation_id="change_webhook",
        security=SIGNED_IN,
        responses=problems(400, 401, 403, 404, 408, 413, 415),
    )
    async def change(
        self,
        request: AnyRequest,
        webhook_id: FromPath[str],
        data: JSONBody[ChangeWebhook],
        webhooks: Injected[WebhookClient],
    ) -> Webhook:
        return await webhooks.change(principal_of(request).access_token, webhook_id, data)

    @delete(
        "/{webhook_id:str}",
        summary="Remove a webhook, its log and what it was still to be told",
        operation_id="delete_webhook",
        security=SIGNED_IN,
        responses=problems(400, 401, 403, 404),
    )
    async def remove(
        self, request: AnyRequest, webhook_id: FromPath[str], webhooks: Injected[WebhookClient]
    ) -> None:
        await webhooks.remove(principal_of(request).access_token, webhook_id)

    @post(
        "/{webhook_id:str}/secret",
        summary="A new secret; the old one signs for a day as well",
        operation_id="change_webhook_secret",
        security=SIGNED_IN,
        responses=problems(400, 401, 403, 404, 409, 422),
    )
    async def change_secret(
        self,
        request: AnyRequest,
        webhook_id: FromPath[str],
        webhooks: Injected[WebhookClient],
        once: Injected[Once],
        idempotency_key: IdempotencyKey = None,
    ) -> MadeWebhook:
        token = principal_of(request).access_token
        return await once.perform(
            request, idempotency_key, None, MadeWebhook, lambda: webhooks.change_secret(token, webhook_id)
        )

    @post(
        "/{webhook_id:str}/test",
        status_code=202,
        summary="Send a message that is about nothing",
        operation_id="test_webhook",
        security=SIGNED_IN,
        responses=problems(400, 401, 403, 404, 409, 422),
    )
    async def test(
        self,
        request: AnyRequest,
        webhook_id: FromPath[str],
        webhooks: Injected[WebhookClient],
        once: Injected[Once],
        idempotency_key: IdempotencyKey = None,
    ) -> Delivery:
        token = principal_of(request).access_token
        return await once.perform(
            request, idempotency_key, None, Delivery, lambda: webhooks.test(token, webhook_id)
        )
