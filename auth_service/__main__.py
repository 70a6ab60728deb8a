"""`python -m auth_service`: settings from the environment, then the service until it is told to stop.

`python -m auth_service create-admin <email>` and `… rotate-keys` do one thing and end.
"""

import asyncio
import os
import sys

from prometheus_client import CollectorRegistry
from sqlalchemy.exc import SQLAlchemyError

from auth_service.app import build
from auth_service.cli import BadCommand, carry_out
from auth_service.settings import AuthSettings, CommandSettings
from shared.clock import utc_now
from shared.http import Address, Listeners, serve
from shared.messaging.rabbitmq import RabbitMQ
from shared.messaging.subscriptions import SUBSCRIPTIONS
from shared.process import BAD_CONFIGURATION, run
from shared.settings import SettingsError, load


async def main(settings: AuthSettings, stop: asyncio.Event) -> None:
    registry = CollectorRegistry()
    broker = RabbitMQ(settings.amqp_url.reveal(), "auth_service", SUBSCRIPTIONS)
    app = build(settings, broker, registry)
    listeners = Listeners(
        Address(settings.host, settings.port), Address(settings.host, settings.metrics_port)
    )
    await serve(app, registry, listeners, stop)


def command(arguments: list[str]) -> int:
    """The exit code, as `shared.process.run` would give it."""
    try:
        settings = load(CommandSettings, os.environ)
        done = asyncio.run(carry_out(arguments, settings, utc_now))
    except SettingsError as wrong:
        sys.stderr.write(f"auth_service: bad settings\n{wrong}\n")
        return BAD_CONFIGURATION
    except BadCommand as refused:
        sys.stderr.write(f"auth_service: {refused}\n")
        return 2
    except (SQLAlchemyError, OSError, TimeoutError) as away:
        sys.stderr.write(f"auth_service: PostgreSQL does not answer ({type(away).__name__})\n")
        return 1
    sys.stdout.write(f"{done}\n")
    return 0


if __name__ == "__main__":
    if sys.argv[1:]:
        raise SystemExit(command(sys.argv[1:]))
    run("auth_service", AuthSettings, main)
