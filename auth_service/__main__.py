"""`python -m auth_service`: runs the service, or one of the operator commands.

`create-admin <email>`, `remove-factors <email>`, `rotate-keys`, `migrate` and `check-config` run to
completion; without an argument the service runs until stopped.
"""

import asyncio
import os
import sys

from sqlalchemy.exc import SQLAlchemyError

from auth_service.app import build
from auth_service.cli import CommandError, run_command
from auth_service.database.connection import check_database_url
from auth_service.settings import AuthSettings, CommandSettings
from shared.clock import utc_now
from shared.configuration_check import COMMAND, check_amqp_url, check_config
from shared.http import Address, Listeners, serve
from shared.messaging.processes import AUTH
from shared.messaging.rabbitmq.broker import RabbitMQ
from shared.messaging.subscriptions import SUBSCRIPTIONS
from shared.metrics import process_registry
from shared.process import BAD_CONFIGURATION, run
from shared.settings import SettingsError, load


async def main(settings: AuthSettings, stop: asyncio.Event) -> None:
    registry = process_registry()
    url = settings.amqp_url.reveal()
    broker = RabbitMQ(url, "auth_service", SUBSCRIPTIONS, process=AUTH, registry=registry)
    app = build(settings, broker, registry)
    listeners = Listeners(
        Address(settings.host, settings.port),
        Address(settings.host, settings.metrics_port),
        settings.server_certificate(),
    )
    await serve(app, registry, listeners, stop)


def check() -> int:
    """Runs the command `check-config`; returns the exit code."""
    return check_config(
        "auth_service",
        AuthSettings,
        AuthSettings.server_certificate,
        check_amqp_url,
        lambda settings: check_database_url(settings.database_url),
    )


def command(arguments: list[str]) -> int:
    """Runs an operator command; returns the process's exit code, as `shared.process.run` does."""
    try:
        settings = load(CommandSettings, os.environ)
        message = asyncio.run(run_command(arguments, settings, utc_now))
    except SettingsError as error:
        sys.stderr.write(f"auth_service: bad settings\n{error}\n")
        return BAD_CONFIGURATION
    except CommandError as error:
        sys.stderr.write(f"auth_service: {error}\n")
        return 2
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        sys.stderr.write(f"auth_service: PostgreSQL is unavailable ({type(error).__name__})\n")
        return 1
    sys.stdout.write(f"{message}\n")
    return 0


if __name__ == "__main__":
    if sys.argv[1:] == [COMMAND]:
        raise SystemExit(check())
    if sys.argv[1:]:
        raise SystemExit(command(sys.argv[1:]))
    run("auth_service", AuthSettings, main)
