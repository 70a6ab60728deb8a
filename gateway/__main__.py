"""`python -m gateway`: reads the settings and serves the gateway until the process is stopped.

`check-config` says what is wrong with the settings.
"""

import asyncio
import sys

from gateway.app import build
from gateway.middleware.cors import CorsPolicy
from gateway.proxy.http_sessions import open_http_sessions
from gateway.settings import GatewaySettings
from shared.configuration_check import COMMAND, check_amqp_url, check_config
from shared.http import Address, Listeners, serve
from shared.http.server import connection_limit
from shared.messaging.processes import GATEWAY
from shared.messaging.rabbitmq.broker import RabbitMQ
from shared.messaging.subscriptions import SUBSCRIPTIONS
from shared.metrics import process_registry
from shared.process import run

SERVICE_CONNECTIONS = 1024
BUFFER_BYTES = 512 * 1024


async def main(settings: GatewaySettings, stop: asyncio.Event) -> None:
    registry = process_registry()
    broker = RabbitMQ(
        settings.amqp_url.reveal(), "gateway", SUBSCRIPTIONS, process=GATEWAY, registry=registry
    )
    listeners = Listeners(
        Address(settings.host, settings.port),
        Address(settings.host, settings.metrics_port),
        settings.server_certificate(),
        max_requests=connection_limit(
            settings.max_connections, 2 * SERVICE_CONNECTIONS + settings.max_event_streams
        ),
        buffer_bytes=BUFFER_BYTES,
        late_fields=CorsPolicy(settings.cors_origins).response_fields,
    )
    async with open_http_sessions(
        SERVICE_CONNECTIONS, settings.max_event_streams, settings.idle_timeout, settings.client_context()
    ) as sessions:
        app = build(settings, sessions, broker, registry)
        _ = app.openapi_schema  # generated now, because a request would block all others meanwhile
        await serve(app, registry, listeners, stop)


def check() -> int:
    """Runs the command `check-config`; returns the exit code."""
    return check_config(
        "gateway",
        GatewaySettings,
        GatewaySettings.server_certificate,
        GatewaySettings.client_context,
        check_amqp_url,
    )


if __name__ == "__main__":
    match sys.argv[1:]:
        case [str(word)] if word == COMMAND:
            raise SystemExit(check())
        case [_, *_]:
            sys.exit(f"usage: python -m gateway [{COMMAND}]")
    run("gateway", GatewaySettings, main)
