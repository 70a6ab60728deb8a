"""Everything about webhooks. notification_service keeps them and sends."""

from gateway.clients.webhooks import WebhookClient
from gateway.core.idempotency import Once
from gateway.core.module import module
from gateway.modules.webhooks.controller import WebhooksController
from gateway.modules.webhooks.log import DeliveriesController


@module(controllers=[WebhooksController, DeliveriesController])
class WebhooksModule:
    webhooks: WebhookClient
    once: Once
