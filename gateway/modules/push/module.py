"""Push subscriptions, which notification_service stores and sends to."""

from gateway.clients.json_service import JsonService
from gateway.idempotency.service import Idempotency
from gateway.module import module
from gateway.modules.push.controller import PushController


@module(controllers=[PushController])
class PushModule:
    service: JsonService
    idempotency: Idempotency
