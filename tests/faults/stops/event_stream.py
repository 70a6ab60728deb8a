"""Stream of conversion events, published straight into RabbitMQ, and the webhooks of their owners."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

from msgspec.structs import replace

from notification_service.webhooks.mongo_endpoints import MongoEndpoints
from notification_service.webhooks.secret_cipher import SecretCipher
from notification_service.webhooks.signature import new_secret
from shared.clock import utc_now
from shared.contracts.events import ConversionCompleted, ConversionFailed
from shared.messaging.envelope import wrap
from shared.messaging.rabbitmq.broker import RabbitMQ
from shared.messaging.subscriptions import SUBSCRIPTIONS
from shared.mongo import connect, database_of
from shared.settings import Secret
from tests.support.event_samples import COMPLETED, FAILED
from tests.support.wait import until
from tests.support.webhooks import endpoint

OWNERS = 4
# Bursts fill every slot of the consumers and the dispatcher.
BURST = (1, 6)
PAUSE_S = (0.05, 0.4)
# A machine that is too slow for the stream must not end the run with a backlog.
BEHIND_AT_MOST = 300
CATCH_UP_S = 0.3
RECIPIENT = "stops@example.org"


class EventStream:
    """Publishes bursts of events with unique ids; `published` lists the ids of their conversions."""

    def __init__(self, amqp_url: str, rng: random.Random) -> None:
        self._amqp_url, self._rng = amqp_url, rng
        self._owners = [f"owner-{number}" for number in range(OWNERS)]
        self.published: list[str] = []

    async def add_webhooks(self, mongo_url: Secret, key: Secret, receiver_url: str) -> None:
        """Creates one webhook for each owner of the events."""
        async with connect(mongo_url) as client:
            endpoints, cipher = MongoEndpoints(database_of(client)), SecretCipher(key)
            for owner in self._owners:
                made = endpoint(owner, url=receiver_url, secret=cipher.encrypt(new_secret()))
                await endpoints.add(made, limit=1)

    @asynccontextmanager
    async def flowing(self, count_recorded: Callable[[], Awaitable[int]]) -> AsyncIterator[None]:
        """Publishes for the duration of the block, at most BEHIND_AT_MOST events ahead of the records of what
        was sent; re-raises a failure to publish.
        """
        async with RabbitMQ(self._amqp_url, "stops", SUBSCRIPTIONS) as broker:
            await until(lambda: _is_ready(broker), what="the broker accepts messages")
            over = asyncio.Event()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._publish_until(over, broker, count_recorded))
                try:
                    yield
                finally:
                    over.set()

    async def _publish_until(
        self, over: asyncio.Event, broker: RabbitMQ, count_recorded: Callable[[], Awaitable[int]]
    ) -> None:
        while not over.is_set():
            if len(self.published) > BEHIND_AT_MOST + await count_recorded():
                await asyncio.sleep(CATCH_UP_S)
                continue
            for _ in range(self._rng.randint(*BURST)):
                await self._publish_one(broker)
            await asyncio.sleep(self._rng.uniform(*PAUSE_S))

    async def _publish_one(self, broker: RabbitMQ) -> None:
        identity = str(UUID(int=self._rng.getrandbits(128), version=4))
        sample: ConversionCompleted | ConversionFailed = self._rng.choice((COMPLETED, FAILED))
        event = replace(
            sample,
            conversion_id=identity,
            owner_id=self._rng.choice(self._owners),
            recipient=RECIPIENT,
            filename=identity,
        )
        now = utc_now() - timedelta(seconds=1)
        await broker.publish(wrap(event, "tonegate/stops", identity, identity, time=now))
        self.published.append(identity)


async def _is_ready(broker: RabbitMQ) -> bool:
    try:
        await broker.check()
    except Exception:  # noqa: BLE001, any failure means not ready
        return False
    return True
