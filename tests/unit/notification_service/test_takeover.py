"""TakeoverByRecords: another process's claim is taken over only once its record would have arrived."""

from datetime import timedelta

from notification_service.records import record_handlers
from notification_service.takeover import TakeoverByRecords
from shared.messaging.errors import NotReady
from shared.messaging.subscriptions import NOTIFICATION_RECORDS
from tests.support.consumers import running
from tests.support.in_memory.email import MemoryLedger
from tests.support.in_memory.webhooks import MemoryDeliveries
from tests.support.messaging.broker import MemoryBroker
from tests.support.messaging.consumer import MemoryConsumer
from tests.support.wait import until

WAIT, HOUR = timedelta(milliseconds=50), timedelta(hours=1)


def records_of(broker: MemoryBroker) -> MemoryConsumer:
    return broker.consumer(NOTIFICATION_RECORDS, record_handlers(MemoryLedger(), MemoryDeliveries()))


async def test_a_takeover_is_allowed_after_records_have_been_consumed_for_a_while() -> None:
    async with MemoryBroker((NOTIFICATION_RECORDS,)) as broker:
        records = records_of(broker)
        soon, later = TakeoverByRecords(records, WAIT), TakeoverByRecords(records, HOUR)
        assert not await soon.allowed()
        async with running(records):
            await until(soon.allowed, what="the wait has ended")
            assert not await later.allowed()


async def test_a_takeover_is_refused_once_records_are_no_longer_consumed() -> None:
    async with MemoryBroker((NOTIFICATION_RECORDS,)) as broker:
        records = records_of(broker)
        takeover = TakeoverByRecords(records, WAIT)
        async with running(records):
            await until(takeover.allowed, what="the wait has ended")
        await records.stop(timedelta())
        assert not await takeover.allowed()


class SilentConsumer(MemoryConsumer):
    """Its connection is open, and the broker does not answer."""

    async def check(self) -> None:
        raise NotReady("no answer within 2 s")

    def consumed_for(self) -> timedelta:
        return HOUR


async def test_a_takeover_is_refused_while_the_broker_does_not_answer() -> None:
    silent = SilentConsumer(MemoryBroker(()).queue_of(NOTIFICATION_RECORDS), 1, _ignore)
    assert not await TakeoverByRecords(silent, WAIT).allowed()


async def _ignore(_: object) -> None:
    """Handles no message."""
