"""`python -m converter_service api` or `worker`: settings from the environment, then until told to stop."""

import asyncio
import sys

import aiohttp
from prometheus_client import CollectorRegistry

from converter_service import api, worker
from converter_service.settings import ApiSettings, WorkerSettings
from shared.http import Address, Listeners, serve
from shared.messaging.inboxes import INBOXES
from shared.messaging.rabbitmq import RabbitMQ
from shared.process import run

# Most that is read from one connection at a time; a video is read as fast as it can be stored.
BUFFER_BYTES = 512 * 1024


async def run_api(settings: ApiSettings, stop: asyncio.Event) -> None:
    registry = CollectorRegistry()
    broker = RabbitMQ(settings.amqp_url.reveal(), "converter_api", INBOXES)
    async with aiohttp.ClientSession() as http:
        app = api.build(settings, broker, registry, http)
        await serve(app, registry, listeners(settings), stop)


async def run_worker(settings: WorkerSettings, stop: asyncio.Event) -> None:
    registry = CollectorRegistry()
    broker = RabbitMQ(settings.amqp_url.reveal(), "converter_worker", INBOXES)
    app = worker.build(settings, broker, registry)
    await serve(app, registry, listeners(settings), stop)


def listeners(settings: ApiSettings | WorkerSettings) -> Listeners:
    return Listeners(
        Address(settings.host, settings.port),
        Address(settings.host, settings.metrics_port),
        buffer_bytes=BUFFER_BYTES,
    )


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["api"]:
            run("converter_api", ApiSettings, run_api)
        case ["worker"]:
            run("converter_worker", WorkerSettings, run_worker)
        case _:
            sys.exit("usage: python -m converter_service api|worker")
