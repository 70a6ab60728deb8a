"""Webhooks."""

from litestar import Controller

from gateway.identity.auth_guard import limited
from gateway.limits.rate_limit import Rate
from gateway.openapi.problem_responses import NO_STORE
from gateway.pass_through import Announcement, forward
from shared.contracts.sessions import CurrentPassword
from shared.contracts.webhooks import ChangeWebhook, Delivery, MadeWebhook, NewWebhook, Webhook, WebhookList
from shared.identity.scopes import scoped


class WebhooksController(Controller):
    path = "/v1/webhooks"
    tags = ["webhooks"]  # noqa: RUF012 - Litestar's own form
    opt = scoped("webhooks")
    cache_control = NO_STORE

    create = forward(
        "POST",
        body=NewWebhook,
        answer=MadeWebhook,
        idempotent=True,
        announcement=Announcement("webhook_created"),
        summary="Create a webhook (Standard Webhooks); needs a fresh proof",
        operation_id="create_webhook",
        problems=(400, 401, 403, 408, 409, 413, 415, 422),
    )

    list_own = forward(
        "GET",
        answer=WebhookList,
        summary="List your webhooks, newest first",
        operation_id="list_webhooks",
        problems=(401, 403),
    )

    webhook = forward(
        "GET",
        "/{webhook_id:str}",
        answer=Webhook,
        summary="Get a webhook",
        operation_id="get_webhook",
        problems=(400, 401, 403, 404),
    )

    change = forward(
        "PATCH",
        "/{webhook_id:str}",
        body=ChangeWebhook,
        answer=Webhook,
        announcement=Announcement("webhook_changed", field="url"),
        summary="Change, disable or enable a webhook",
        operation_id="change_webhook",
        problems=(400, 401, 403, 404, 408, 413, 415),
    )

    remove = forward(
        "DELETE",
        "/{webhook_id:str}",
        announcement=Announcement("webhook_deleted", is_afterwards=True),
        summary="Delete a webhook with its deliveries, pending ones included",
        operation_id="delete_webhook",
        problems=(400, 401, 403, 404),
    )

    change_secret = forward(
        "POST",
        "/{webhook_id:str}/secret",
        body=CurrentPassword,
        body_default=None,
        answer=MadeWebhook,
        idempotent=True,
        announcement=Announcement("webhook_secret_changed"),
        summary="Rotate the signing secret; for a day messages are signed with the old one too",
        operation_id="change_webhook_secret",
        problems=(400, 401, 403, 404, 408, 409, 413, 415, 422),
    )

    test = forward(
        "POST",
        "/{webhook_id:str}/test",
        answer=Delivery,
        idempotent=True,
        status_code=202,
        opt=limited(Rate.WEBHOOK_TEST),
        summary="Send a test message",
        operation_id="test_webhook",
        problems=(400, 401, 403, 404, 409, 422),
    )
