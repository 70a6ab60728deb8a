"""DeliveryRecorder hands on what it cannot store, and another process stores it."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from notification_service.records import record_handlers
from notification_service.webhooks.delivery import Delivery
from notification_service.webhooks.delivery_record import DeliveryRecorder
from notification_service.webhooks.retry_policy import DispatchPolicy, Outcome
from shared.clock import utc_now
from shared.contracts.webhooks import Attempt
from shared.errors import Unavailable
from shared.messaging.envelope import Envelope
from shared.messaging.errors import PublishFailed
from shared.messaging.subscriptions import NOTIFICATION_RECORDS
from tests.support.in_memory.email import MemoryLedger
from tests.support.in_memory.webhooks import MemoryDeliveries
from tests.support.messaging.broker import MemoryBroker
from tests.support.wait import until
from tests.support.webhooks import delivery, endpoint

# Longer than any stop: a stop must not wait for the end of these limits.
PATIENT = DispatchPolicy(
    lease=timedelta(hours=1),
    schedule=(),
    store_pause=timedelta(seconds=30),
    record_timeout=timedelta(hours=1),
)
QUICK = DispatchPolicy(
    lease=timedelta(hours=1),
    schedule=(),
    store_pause=timedelta(milliseconds=1),
    record_timeout=timedelta(milliseconds=50),
)
ATTEMPT = Attempt(at=utc_now(), status=204, duration=0.1, error=None)
DELIVERED = Outcome(status="delivered")


class AwayUntil(MemoryDeliveries):
    """A store whose `complete` raises Unavailable until `is_back`."""

    def __init__(self) -> None:
        super().__init__()
        self.is_back, self.calls = False, 0

    async def complete(self, delivery: Delivery, attempt: Attempt | None, outcome: Outcome) -> bool:
        self.calls += 1
        if not self.is_back:
            raise Unavailable
        return await super().complete(delivery, attempt, outcome)


class Unreachable(MemoryBroker):
    """A broker that takes nothing."""

    def __init__(self) -> None:
        super().__init__(())
        self.tries = 0

    async def publish(self, envelope: Envelope) -> None:
        self.tries += 1
        raise PublishFailed("unreachable")


async def test_an_attempt_is_handed_on_long_before_its_lease_expires() -> None:
    store, sent = AwayUntil(), delivery(endpoint())
    await store.add([sent])
    async with MemoryBroker((NOTIFICATION_RECORDS,)) as broker:
        await DeliveryRecorder(store, broker, QUICK, asyncio.Event()).complete(sent, ATTEMPT, DELIVERED)
        assert len(broker.queue_of(NOTIFICATION_RECORDS)) == 1


async def test_a_stop_ends_the_wait_for_the_store_and_another_process_stores_the_attempt() -> None:
    store, stopping, sent = AwayUntil(), asyncio.Event(), delivery(endpoint())
    await store.add([sent])
    async with MemoryBroker((NOTIFICATION_RECORDS,)) as broker:
        recorder = DeliveryRecorder(store, broker, PATIENT, stopping)
        recording = asyncio.create_task(recorder.complete(sent, ATTEMPT, DELIVERED))
        await until(lambda: store.calls, what="the first try")
        stopping.set()
        await recording
        assert store.all[sent.id].status == "pending"
        store.is_back = True
        consumer = broker.consumer(NOTIFICATION_RECORDS, record_handlers(MemoryLedger(), store))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(consumer.run())
            await until(lambda: store.all[sent.id].status == "delivered", what="the record")
            await consumer.stop(timedelta(seconds=30))
    assert store.all[sent.id].attempts == (ATTEMPT,)


async def test_what_neither_store_nor_broker_takes_is_recorded_once_one_of_them_is_back() -> None:
    store, broker, sent = AwayUntil(), Unreachable(), delivery(endpoint())
    await store.add([sent])
    recorder = DeliveryRecorder(store, broker, QUICK, asyncio.Event())
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(recorder.complete(sent, ATTEMPT, DELIVERED))
        await until(lambda: broker.tries > 1, what="another try")
        store.is_back = True
    assert store.all[sent.id].status == "delivered"


async def test_a_stop_tries_both_once_more() -> None:
    store, broker, stopping, sent = AwayUntil(), Unreachable(), asyncio.Event(), delivery(endpoint())
    await store.add([sent])
    policy = replace(PATIENT, record_timeout=timedelta(microseconds=1))
    recorder = DeliveryRecorder(store, broker, policy, stopping)
    recording = asyncio.create_task(recorder.complete(sent, ATTEMPT, DELIVERED))
    await until(lambda: broker.tries, what="the first try")
    stopping.set()
    with pytest.raises(Unavailable):
        await recording
    assert broker.tries == 2


@pytest.mark.parametrize(
    ("attempt", "outcome"), [(ATTEMPT, DELIVERED), (ATTEMPT, Outcome(status="failed")), (None, DELIVERED)]
)
async def test_without_a_broker_or_a_delivery_the_error_is_raised(
    attempt: Attempt | None, outcome: Outcome
) -> None:
    store, stopping, sent = AwayUntil(), asyncio.Event(), delivery(endpoint())
    stopping.set()
    recorder = DeliveryRecorder(store, MemoryBroker(()), PATIENT, stopping)
    with pytest.raises(Unavailable):
        await recorder.complete(sent, attempt, outcome)
