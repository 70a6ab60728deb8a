"""A converter worker whose system clock is off: `python -m tests.support.clock_skew SECONDS`.

It reads the settings of a worker from the environment; its broker is in memory.
"""

import asyncio
import importlib
import os
import sys
from datetime import timedelta

from prometheus_client import CollectorRegistry

from converter_service.settings import WorkerSettings
from shared import clock
from shared.messaging.subscriptions import SUBSCRIPTIONS
from shared.settings import load
from tests.support.messaging import MemoryBroker

true_time = clock.utc_now


async def work(settings: WorkerSettings) -> None:
    """Runs the worker until the process is killed."""
    # Imported after the clock is replaced: its modules import the function itself.
    worker = importlib.import_module("converter_service.worker")
    app = worker.build(settings, MemoryBroker(SUBSCRIPTIONS), CollectorRegistry())
    async with app.lifespan():
        await asyncio.Event().wait()


if __name__ == "__main__":
    skew = timedelta(seconds=float(sys.argv[1]))
    clock.utc_now = lambda: true_time() + skew
    asyncio.run(work(load(WorkerSettings, os.environ)))
