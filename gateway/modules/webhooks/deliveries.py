"""Deliveries of a webhook."""

from litestar import Controller

from gateway.identity.auth_guard import limited
from gateway.limits.rate_limit import Rate
from gateway.modules.webhooks.schemas import DeliveryQuery
from gateway.openapi.problem_responses import NO_STORE
from gateway.pass_through import forward
from shared.contracts.webhooks import Delivery, DeliveryPage
from shared.identity.scopes import READ, also_scoped, scoped


class DeliveriesController(Controller):
    path = "/v1/webhooks/{webhook_id:str}/deliveries"
    tags = ["webhooks"]  # noqa: RUF012 - Litestar's own form
    # Messages may have links to the audio.
    opt = scoped("webhooks") | also_scoped(READ)
    cache_control = NO_STORE

    deliveries = forward(
        "GET",
        query=DeliveryQuery,
        answer=DeliveryPage,
        summary="List the deliveries of a webhook with their attempts, newest first",
        operation_id="list_webhook_deliveries",
        problems=(400, 401, 403, 404),
    )

    replay = forward(
        "POST",
        "/{delivery_id:str}/replay",
        answer=Delivery,
        status_code=202,
        opt=limited(Rate.WEBHOOK_TEST),
        summary="Send a message again, with the same webhook-id",
        operation_id="replay_webhook_delivery",
        problems=(400, 401, 403, 404, 409),
    )
