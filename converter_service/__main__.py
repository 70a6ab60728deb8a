"""`python -m converter_service api` or `worker`: settings from the environment, then until told to stop.

`python -m converter_service dead-letters …` does one thing and ends.
"""

import asyncio
import os
import sys

import aiohttp
from prometheus_client import CollectorRegistry

from converter_service import api, worker
from converter_service.cli import USAGE, CommandError, carry_out
from converter_service.event_streams.hub import MOST_LISTENERS
from converter_service.settings import ApiSettings, DeadLetterSettings, WorkerSettings
from shared.http import Address, Listeners, serve
from shared.http.connection_limit import connections_possible
from shared.logs import configure
from shared.messaging.rabbitmq import RabbitMQ
from shared.messaging.subscriptions import INBOXES
from shared.process import BAD_CONFIGURATION, run
from shared.settings import SettingsError, load

# Most that is read from one connection at a time; a video is read as fast as it can be stored.
BUFFER_BYTES = 512 * 1024
CONNECTIONS = 2048
# To MongoDB, the broker and auth_service; files of a conversion.
OTHER_DESCRIPTORS = 256


async def run_api(settings: ApiSettings, stop: asyncio.Event) -> None:
    registry = CollectorRegistry()
    broker = RabbitMQ(settings.amqp_url.reveal(), "converter_api", INBOXES)
    async with aiohttp.ClientSession() as http:
        app = api.build(settings, broker, registry, http)
        await serve(app, registry, listeners(settings, watching=MOST_LISTENERS), stop)


async def run_worker(settings: WorkerSettings, stop: asyncio.Event) -> None:
    registry = CollectorRegistry()
    broker = RabbitMQ(settings.amqp_url.reveal(), "converter_worker", INBOXES)
    app = worker.build(settings, broker, registry)
    await serve(app, registry, listeners(settings), stop)


def command(arguments: list[str]) -> int:
    """The exit code, as `shared.process.run` would give it. What goes wrong inside is told on its way out."""
    configure("error", "console", "converter_operator")
    try:
        asyncio.run(_told(arguments, load(DeadLetterSettings, os.environ)))
    except SettingsError as wrong:
        sys.stderr.write(f"converter_service: bad settings\n{wrong}\n")
        return BAD_CONFIGURATION
    except CommandError as refused:
        sys.stderr.write(f"converter_service: {refused}\n")
        return 2
    return 0


async def _told(arguments: list[str], settings: DeadLetterSettings) -> None:
    async for line in carry_out(arguments, settings):
        sys.stdout.write(f"{line}\n")


def listeners(settings: ApiSettings | WorkerSettings, watching: int = 0) -> Listeners:
    """`watching` connections are for event streams, which take none from anybody else."""
    return Listeners(
        Address(settings.host, settings.port),
        Address(settings.host, settings.metrics_port),
        at_once=connections_possible(CONNECTIONS + watching, OTHER_DESCRIPTORS),
        buffer_bytes=BUFFER_BYTES,
    )


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["api"]:
            run("converter_api", ApiSettings, run_api)
        case ["worker"]:
            run("converter_worker", WorkerSettings, run_worker)
        case ["dead-letters", *arguments]:
            raise SystemExit(command(arguments))
        case _:
            sys.exit(f"usage: python -m converter_service api|worker\n{USAGE}")
