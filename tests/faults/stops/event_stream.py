"""Stream of conversion events, published straight into RabbitMQ, and the webhooks of their owners."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

from msgspec.structs import replace

from shared.clock import utc_now
from shared.contracts.events import ConversionCompleted, ConversionFailed
from shared.messaging.envelope import Envelope, wrap
from shared.messaging.rabbitmq.broker import RabbitMQ
from shared.messaging.subscriptions import SUBSCRIPTIONS
from tests.faults.stops.expectations import (
    ORDINARY,
    ORPHANED,
    RECORDED,
    RECORDED_MAIL,
    REFUSED,
    Expected,
)
from tests.faults.stops.gone_claims import STREAM, GoneProcess
from tests.faults.stops.mail_sink import UNKNOWN_RECIPIENT
from tests.faults.stops.webhook_owners import WebhookOwners
from tests.support.event_samples import COMPLETED, FAILED
from tests.support.wait import until

OWNERS = 4
# Bursts fill every slot of the consumers and the dispatcher.
BURST = (1, 6)
PAUSE_S = (0.05, 0.4)
# A machine that is too slow for the stream must not end the run with a backlog.
BEHIND_AT_MOST = 300
CATCH_UP_S = 0.3
RECIPIENT = "stops@example.org"
REFUSED_SHARE, GONE_SHARE, RECORDED_SHARE = 0.05, 0.1, 0.5
# A record is handed on soon after its lease at the latest; a takeover is ten seconds later.
GONE_LEASE_S, RECORD_S = (0.3, 3.0), (0.0, 4.0)


class EventStream:
    """Publishes bursts of events with unique ids; `published` has what each conversion has to lead to."""

    def __init__(self, amqp_url: str, owners: WebhookOwners, gone: GoneProcess, rng: random.Random) -> None:
        self._amqp_url, self._owners, self._gone, self._rng = amqp_url, owners, gone, rng
        self._names = [f"owner-{number}" for number in range(OWNERS)]
        self.published: dict[str, Expected] = {}

    @asynccontextmanager
    async def flowing(self, count_recorded: Callable[[], Awaitable[int]]) -> AsyncIterator[None]:
        """Publishes for the duration of the block, at most BEHIND_AT_MOST events ahead of the records of what
        was sent; re-raises a failure to publish. Returns after the last record of a gone process.
        """
        for name in self._names:
            await self._owners.add(name)
        async with RabbitMQ(self._amqp_url, "stops", SUBSCRIPTIONS) as broker:
            await until(lambda: _is_ready(broker), what="the broker accepts messages")
            over = asyncio.Event()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._publish_until(over, broker, count_recorded, tasks))
                try:
                    yield
                finally:
                    over.set()

    async def _publish_until(
        self,
        over: asyncio.Event,
        broker: RabbitMQ,
        count_recorded: Callable[[], Awaitable[int]],
        records: asyncio.TaskGroup,
    ) -> None:
        while not over.is_set():
            if len(self.published) > BEHIND_AT_MOST + await count_recorded():
                await asyncio.sleep(CATCH_UP_S)
                continue
            for _ in range(self._rng.randint(*BURST)):
                if self._rng.random() < GONE_SHARE:
                    await self._publish_claimed(broker, records)
                elif self._rng.random() < REFUSED_SHARE:
                    await self._publish(broker, _envelope(self._event(recipient=UNKNOWN_RECIPIENT)), REFUSED)
                else:
                    await self._publish(broker, _envelope(self._event()), ORDINARY)
            await asyncio.sleep(self._rng.uniform(*PAUSE_S))

    def _event(
        self, *, owner: str | None = None, recipient: str = RECIPIENT
    ) -> ConversionCompleted | ConversionFailed:
        identity = str(UUID(int=self._rng.getrandbits(128), version=4))
        sample: ConversionCompleted | ConversionFailed = self._rng.choice((COMPLETED, FAILED))
        return replace(
            sample,
            conversion_id=identity,
            owner_id=owner or self._rng.choice(self._names),
            recipient=recipient,
            filename=identity,
        )

    async def _publish(self, broker: RabbitMQ, envelope: Envelope, expected: Expected) -> None:
        await broker.publish(envelope)
        self.published[envelope.id] = expected

    async def _publish_claimed(self, broker: RabbitMQ, records: asyncio.TaskGroup) -> None:
        """Publishes an event whose mail and webhook a gone process has claimed, and some of its records."""
        owner = f"owner-{self._rng.getrandbits(64):x}"
        endpoint = await self._owners.add(owner)
        event = self._event(owner=owner)
        envelope = _envelope(event)
        lease = timedelta(seconds=self._rng.uniform(*GONE_LEASE_S))
        claim = await self._gone.claim(event, envelope, endpoint, lease)
        expected = ORPHANED
        if self._rng.random() < RECORDED_SHARE:
            handed_on = [claim.email_record(), *claim.webhook_records()]
            expected = RECORDED if len(handed_on) > 1 else RECORDED_MAIL
            for each in handed_on:
                records.create_task(_publish_later(broker, each, self._rng.uniform(*RECORD_S)))
        await self._publish(broker, envelope, expected)


def _envelope(event: ConversionCompleted | ConversionFailed) -> Envelope:
    identity, time = event.conversion_id, utc_now() - timedelta(seconds=1)
    return wrap(event, STREAM, identity, identity, time=time)


async def _publish_later(broker: RabbitMQ, record: Envelope, pause_s: float) -> None:
    await asyncio.sleep(pause_s)
    await broker.publish(record)


async def _is_ready(broker: RabbitMQ) -> bool:
    try:
        await broker.check()
    except Exception:  # noqa: BLE001, any failure means not ready
        return False
    return True
