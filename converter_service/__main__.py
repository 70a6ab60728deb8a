"""Entry point: `python -m converter_service api|worker` runs a process until SIGTERM or SIGINT.

`python -m converter_service api|worker check-config` says what is wrong with the settings of a process, and
`dead-letters …` executes one command.
"""

import asyncio
import os
import sys

from converter_service import api, worker
from converter_service.cli import USAGE, CommandError, execute
from converter_service.event_streams.hub import MAX_SUBSCRIPTIONS
from converter_service.media.sandbox.requirements import SandboxRequirements
from converter_service.settings import ApiSettings, DeadLetterSettings, WorkerSettings
from shared.configuration_check import COMMAND, MONGODB, check_amqp_url, check_config, check_server_url
from shared.http import Address, Listeners, serve
from shared.http.server import connection_limit
from shared.logs import configure
from shared.messaging.processes import CONVERTER, WORKER
from shared.messaging.rabbitmq.broker import RabbitMQ
from shared.messaging.subscriptions import SUBSCRIPTIONS
from shared.metrics import process_registry
from shared.process import BAD_CONFIGURATION, run
from shared.settings import SettingsError, load

# Read buffer of a connection: bounds how far an upload is read ahead of its storage.
BUFFER_BYTES = 512 * 1024
CONNECTIONS = 2048
# Connections to MongoDB and RabbitMQ, and files of a conversion.
OTHER_DESCRIPTORS = 256


async def run_api(settings: ApiSettings, stop: asyncio.Event) -> None:
    registry = process_registry()
    url = settings.amqp_url.reveal()
    broker = RabbitMQ(url, "converter_api", SUBSCRIPTIONS, process=CONVERTER, registry=registry)
    app = api.build(settings, broker, registry)
    await serve(app, registry, listeners(settings, event_streams=MAX_SUBSCRIPTIONS), stop)


async def run_worker(settings: WorkerSettings, stop: asyncio.Event) -> None:
    registry = process_registry()
    url = settings.amqp_url.reveal()
    broker = RabbitMQ(url, "converter_worker", SUBSCRIPTIONS, process=WORKER, registry=registry)
    app = worker.build(settings, broker, registry)
    await serve(app, registry, listeners(settings), stop)


def check_api() -> int:
    """Runs the command `api check-config`; returns the exit code."""
    return check_config(
        "converter_api",
        ApiSettings,
        ApiSettings.server_certificate,
        check_amqp_url,
        lambda settings: check_server_url("CONVERTER_MONGO_URL", settings.mongo_url, *MONGODB),
    )


def check_worker() -> int:
    """Runs the command `worker check-config`; returns the exit code."""
    return check_config(
        "converter_worker",
        WorkerSettings,
        WorkerSettings.server_certificate,
        check_amqp_url,
        lambda settings: check_server_url("CONVERTER_MONGO_URL", settings.mongo_url, *MONGODB),
        lambda settings: SandboxRequirements(settings.sandbox_requires),
    )


def command(arguments: list[str]) -> int:
    """Runs a dead-letters command; returns the exit code. Errors are written to stderr."""
    configure("error", "console", "converter_operator")
    try:
        asyncio.run(_print_lines(arguments, load(DeadLetterSettings, os.environ)))
    except SettingsError as wrong:
        sys.stderr.write(f"converter_service: bad settings\n{wrong}\n")
        return BAD_CONFIGURATION
    except CommandError as refused:
        sys.stderr.write(f"converter_service: {refused}\n")
        return 2
    return 0


async def _print_lines(arguments: list[str], settings: DeadLetterSettings) -> None:
    async for line in execute(arguments, settings):
        sys.stdout.write(f"{line}\n")


def listeners(settings: ApiSettings | WorkerSettings, event_streams: int = 0) -> Listeners:
    """The public and the metrics listener, with room for `event_streams` further connections."""
    return Listeners(
        Address(settings.host, settings.port),
        Address(settings.host, settings.metrics_port),
        settings.server_certificate(),
        max_requests=connection_limit(CONNECTIONS + event_streams, OTHER_DESCRIPTORS),
        buffer_bytes=BUFFER_BYTES,
    )


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["api"]:
            run("converter_api", ApiSettings, run_api)
        case ["worker"]:
            run("converter_worker", WorkerSettings, run_worker)
        case ["api", str(word)] if word == COMMAND:
            raise SystemExit(check_api())
        case ["worker", str(word)] if word == COMMAND:
            raise SystemExit(check_worker())
        case ["dead-letters", *arguments]:
            raise SystemExit(command(arguments))
        case _:
            sys.exit(f"usage: python -m converter_service api|worker [{COMMAND}]\n{USAGE}")
