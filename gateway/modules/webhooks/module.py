"""Everything about webhooks. notification_service keeps them and sends."""

from gateway.clients.webhooks import WebhookClient
from gateway.idempotency.service import Once
from gateway.module import module
from gateway.modules.webhooks.controller import WebhooksController
from gateway.modules.webhooks.log import DeliveriesController


@module(controllers=[WebhooksController, DeliveriesController])
class WebhooksModule:
    webhooks: WebhookClient
    once: Once
