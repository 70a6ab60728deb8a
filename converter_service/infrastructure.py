"""What the api and the worker have in common: MongoDB, the outbox relay, the stores and their lifespan."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeAlias

from prometheus_client import CollectorRegistry

from converter_service.conversions.cleanup import Cleanup
from converter_service.conversions.events import EventFactory
from converter_service.conversions.processor_quota import ProcessorQuota
from converter_service.conversions.public_paths import PublicPaths
from converter_service.event_streams.publisher import ProgressPublisher
from converter_service.settings import ConverterSettings
from converter_service.storage.conversions import MongoConversions
from converter_service.storage.gridfs import GridFSBlobs
from converter_service.storage.outbox import MongoOutbox
from converter_service.storage.processor_use import MongoProcessorUse
from converter_service.storage.queue import MongoQueue
from shared.errors import Unavailable
from shared.messaging.outbox import OutboxRelay
from shared.messaging.outbox_metrics import outbox_sample
from shared.messaging.ports import Broker, Consumer
from shared.mongo import connect, database_of
from shared.mongo_clock import ServerClock
from shared.store_preparation import StorePreparation
from shared.tasks import cancel_all

BackgroundTask: TypeAlias = Callable[[], Coroutine[Any, Any, None]]


class Infrastructure:
    """Built once in each process; connects when `running` is entered."""

    def __init__(self, settings: ConverterSettings, broker: Broker, registry: CollectorRegistry) -> None:
        self._broker = broker
        self._client = connect(settings.mongo_url, "tonegate-converter", registry)
        self.database = database_of(self._client)
        self.clock = ServerClock(self.database)
        outbox = MongoOutbox(self.database)
        self._relay = OutboxRelay(outbox, broker)
        self.outbox_sample = outbox_sample(outbox, registry)
        self.paths = PublicPaths(settings.public_url)
        self._progress = ProgressPublisher(broker, self.paths)
        self.store = MongoConversions(self.database, self.clock, self._relay.wake, self._progress.enqueue)
        self.blobs = GridFSBlobs(self.database, self.clock)
        self.queue = MongoQueue(self.database)
        self.processor_use = MongoProcessorUse(self.database)
        self.processor_quota = ProcessorQuota(self.processor_use, settings.quota_processor_s, self.clock)
        self.events = EventFactory(settings.link_ttl, self.clock)
        self.cleanup = Cleanup(self.store, self.blobs)

    @asynccontextmanager
    async def running(
        self,
        preparation: StorePreparation,
        background: Sequence[BackgroundTask],
        consumers: Sequence[Consumer],
        grace: timedelta,
    ) -> AsyncIterator[None]:
        """Connects, and runs the background tasks and the consumers.

        On exit the consumers get `grace` to finish their messages; then the background tasks are cancelled.
        """
        async with self._broker, self._client, asyncio.TaskGroup() as tasks:
            with contextlib.suppress(Unavailable):
                await self.clock.ask()
            own = (self.clock.run, preparation.run, self._relay.run, self._progress.run)
            running = [tasks.create_task(run()) for run in (*own, *background)]
            for consumer in consumers:
                tasks.create_task(consumer.run())
            yield
            await stop_all(consumers, grace)
            await cancel_all(running)


async def stop_all(consumers: Sequence[Consumer], grace: timedelta) -> None:
    """Stops consumers concurrently; each gets `grace` to finish its messages. Idempotent."""
    await asyncio.gather(*(consumer.stop(grace) for consumer in consumers))
