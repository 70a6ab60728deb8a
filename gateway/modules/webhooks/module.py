"""Webhooks, which notification_service stores and sends."""

from gateway.clients.json_service import JsonService
from gateway.clients.webhook_changes import WebhookAnnouncements
from gateway.idempotency.service import Idempotency
from gateway.module import module
from gateway.modules.webhooks.controller import WebhooksController
from gateway.modules.webhooks.deliveries import DeliveriesController


@module(controllers=[WebhooksController, DeliveriesController])
class WebhooksModule:
    service: JsonService
    announcements: WebhookAnnouncements
    idempotency: Idempotency
