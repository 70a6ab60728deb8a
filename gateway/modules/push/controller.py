"""Browsers that get push messages. API keys have no access: a subscription belongs to a session."""

from litestar import Controller

from gateway.openapi.problem_responses import NO_STORE
from gateway.pass_through import forward
from shared.contracts.push import NewPushSubscription, PushKey, PushSubscription, PushSubscriptionList


class PushController(Controller):
    path = "/v1/push-subscriptions"
    tags = ["accounts"]  # noqa: RUF012 - Litestar's own form
    cache_control = NO_STORE

    subscribe = forward(
        "POST",
        body=NewPushSubscription,
        answer=PushSubscription,
        idempotent=True,
        summary="Send push messages about your conversions to a browser (Web Push); repeating this is safe",
        operation_id="create_push_subscription",
        problems=(400, 401, 403, 408, 409, 413, 415, 422),
    )

    list_own = forward(
        "GET",
        answer=PushSubscriptionList,
        summary="List your browsers that get push messages, newest first",
        operation_id="list_push_subscriptions",
        problems=(401, 403),
    )

    key = forward(
        "GET",
        "/key",
        answer=PushKey,
        summary="Get the key to subscribe with (VAPID, RFC 8292)",
        operation_id="get_push_key",
        problems=(401, 403),
    )

    unsubscribe = forward(
        "DELETE",
        "/{subscription_id:str}",
        summary="Send no more push messages to a browser",
        operation_id="delete_push_subscription",
        problems=(400, 401, 403, 404),
    )
