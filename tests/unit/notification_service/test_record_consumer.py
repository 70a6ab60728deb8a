"""RecordConsumer: records go to the processes that can store them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from notification_service.record_consumer import RecordConsumer
from notification_service.records import record_handlers
from notification_service.takeover import TakeoverByRecords
from shared.contracts.events import EmailSent
from shared.errors import Unavailable
from shared.messaging.errors import NotReady
from shared.messaging.subscriptions import NOTIFICATION_RECORDS
from tests.support.consumers import publish, running
from tests.support.in_memory.email import MemoryLedger
from tests.support.in_memory.webhooks import MemoryDeliveries
from tests.support.messaging.broker import MemoryBroker
from tests.support.wait import PATIENCE_S, until

PAUSE = timedelta(milliseconds=5)


class Ledger(MemoryLedger):
    """Can be away. `writes_fail` while it answers a ping: the server has no room, for instance."""

    def __init__(self, *, is_away: bool = False) -> None:
        super().__init__()
        self.is_away, self.writes_fail = is_away, False
        self.tried: list[str] = []

    async def ping(self) -> None:
        if self.is_away:
            raise Unavailable("away")

    async def record_sent(self, event_id: str, token: str) -> None:
        self.tried.append(event_id)
        if self.is_away or self.writes_fail:
            raise Unavailable("away")
        await super().record_sent(event_id, token)


def consumer(broker: MemoryBroker, ledger: Ledger) -> RecordConsumer:
    return RecordConsumer(broker, record_handlers(ledger, MemoryDeliveries()), ledger.ping, PAUSE)


def is_recorded(ledger: Ledger, *entries: str) -> bool:
    return all(entry in ledger.entries and ledger.entries[entry].state == "sent" for entry in entries)


@pytest.fixture
async def broker() -> AsyncIterator[MemoryBroker]:
    async with MemoryBroker((NOTIFICATION_RECORDS,)) as broker:
        yield broker


async def paused(records: RecordConsumer, broker: MemoryBroker, entry: str = "mail") -> None:
    """Publishes a record and waits until it is given back."""
    await publish(broker, EmailSent(entry=entry, lease_token="token"))
    await until(lambda: not records._consuming.is_set(), what="records are no longer consumed")
    await until(lambda: len(broker.queue_of(NOTIFICATION_RECORDS)) == 1, what="the record is given back")


async def test_a_record_that_cannot_be_stored_goes_to_a_process_that_can_store_it(
    broker: MemoryBroker,
) -> None:
    cut_off, whole = Ledger(is_away=True), Ledger()
    first, second = consumer(broker, cut_off), consumer(broker, whole)
    async with running(first):
        await paused(first, broker)
        async with running(second):
            later = [f"mail-{each}" for each in range(9)]
            await publish(broker, *(EmailSent(entry=entry, lease_token="token") for entry in later))
            await until(lambda: is_recorded(whole, "mail", *later), what="every record")
    assert cut_off.tried == ["mail"]


async def test_records_are_consumed_again_once_the_store_is_back(broker: MemoryBroker) -> None:
    ledger = Ledger(is_away=True)
    records = consumer(broker, ledger)
    async with running(records):
        await paused(records, broker)
        with pytest.raises(NotReady):
            await records.check()
        ledger.is_away = False
        await until(lambda: is_recorded(ledger, "mail"), what="the record")
        await records.check()


async def test_a_process_that_cannot_store_records_takes_nothing_over(broker: MemoryBroker) -> None:
    ledger = Ledger(is_away=True)
    records = consumer(broker, ledger)
    takeover = TakeoverByRecords(records, PAUSE)
    async with running(records):
        await until(takeover.allowed, what="records have been consumed for a while")
        await paused(records, broker)
        assert not await takeover.allowed()


async def test_a_stop_does_not_wait_for_the_store(broker: MemoryBroker) -> None:
    records = consumer(broker, Ledger(is_away=True))
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
        tasks.create_task(records.run())
        await paused(records, broker)
        await records.stop(timedelta(days=1))
    assert len(broker.queue_of(NOTIFICATION_RECORDS)) == 1


async def test_a_record_that_fails_again_though_the_store_answers_is_delivered_again_later(
    broker: MemoryBroker,
) -> None:
    """The broker dead-letters what is given back too often."""
    ledger = Ledger()
    ledger.writes_fail = True
    records = consumer(broker, ledger)
    async with running(records):
        await publish(broker, EmailSent(entry="mail", lease_token="token"))
        await until(lambda: len(ledger.tried) == 2, what="the second try")
        await publish(broker, EmailSent(entry="other", lease_token="token"))
        await until(lambda: "other" in ledger.tried, what="the next record")
        await records.check()
        assert len(broker.queue_of(NOTIFICATION_RECORDS)) == 0
    assert ledger.tried == ["mail", "mail", "other"]
