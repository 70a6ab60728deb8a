"""`python -m auth_service`: settings from the environment, then the service until it is told to stop."""

import asyncio

from prometheus_client import CollectorRegistry

from auth_service.app import build
from auth_service.settings import AuthSettings
from shared.http import Address, Listeners, serve
from shared.messaging.inboxes import INBOXES
from shared.messaging.rabbitmq import RabbitMQ
from shared.process import run


async def main(settings: AuthSettings, stop: asyncio.Event) -> None:
    registry = CollectorRegistry()
    broker = RabbitMQ(settings.amqp_url.reveal(), "auth_service", INBOXES)
    app = build(settings, broker, registry)
    listeners = Listeners(
        Address(settings.host, settings.port), Address(settings.host, settings.metrics_port)
    )
    await serve(app, registry, listeners, stop)


if __name__ == "__main__":
    run("auth_service", AuthSettings, main)
