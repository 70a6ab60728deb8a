"""EmailSender while the ledger is unavailable: another process records and does not send again."""

import asyncio
from datetime import timedelta

import pytest

from notification_service.email.message import Mail
from notification_service.email.retry_policy import RetryPolicy
from notification_service.email.sender import EmailSender
from notification_service.email.sent_records import SentRecords
from notification_service.records import record_handlers
from shared.clock import utc_now
from shared.contracts.events import ConversionCompleted
from shared.errors import Unavailable
from shared.messaging.errors import Retry
from shared.messaging.handlers import Delivery, Handlers
from shared.messaging.subscriptions import NOTIFICATION_RECORDS
from tests.support.consumers import running
from tests.support.event_samples import completed, enveloped
from tests.support.in_memory.email import MemoryLedger, MemoryMailer
from tests.support.in_memory.webhooks import MemoryDeliveries
from tests.support.messaging.broker import MemoryBroker
from tests.support.wait import until
from tests.unit.notification_service.email.test_sender import (
    EVENT,
    QUICK,
    FailingLedger,
    email_sender,
    handlers_of,
    replaced,
)

EVENT_SENT: ConversionCompleted = completed()
# Longer than any stop: a stop must not wait for the end of these limits.
PATIENT = replaced(
    ledger_timeout=timedelta(hours=1), record_timeout=timedelta(hours=1), ledger_pause=timedelta(seconds=30)
)


def sender_with(
    ledger: MemoryLedger,
    mailer: MemoryMailer,
    policy: RetryPolicy,
    broker: MemoryBroker,
    stopping: asyncio.Event,
) -> EmailSender:
    records = SentRecords(ledger, broker, policy, stopping)
    return email_sender(ledger, mailer, policy, records=records, stopping=stopping)


class StoppedMeanwhile(MemoryMailer):
    """A mailer during whose send the process receives SIGTERM."""

    def __init__(self, stopping: asyncio.Event) -> None:
        super().__init__()
        self._stopping = stopping

    async def send(self, mail: Mail) -> None:
        self._stopping.set()
        await super().send(mail)


async def handle(to: Handlers) -> None:
    await to.handle(EVENT_SENT, Delivery(envelope=enveloped(EVENT_SENT)))


async def record_what_was_handed_on(broker: MemoryBroker, ledger: MemoryLedger) -> None:
    handlers = record_handlers(ledger, MemoryDeliveries())
    async with running(broker.consumer(NOTIFICATION_RECORDS, handlers)):
        await until(lambda: ledger.entries[EVENT].state == "sent", what="the record")


async def test_an_email_that_a_stopped_process_could_not_record_is_recorded_by_another_one() -> None:
    ledger, stopping = FailingLedger(1, "record_sent"), asyncio.Event()
    mailer = StoppedMeanwhile(stopping)
    async with MemoryBroker((NOTIFICATION_RECORDS,)) as broker:
        await handle(handlers_of(sender_with(ledger, mailer, PATIENT, broker, stopping)))
        assert ledger.entries[EVENT].state == "sending"
        token = ledger.entries[EVENT].token
        await record_what_was_handed_on(broker, ledger)
    assert (ledger.entries[EVENT].token, len(mailer.taken)) == (token, 1)


async def test_a_stop_ends_the_wait_for_the_ledger_and_hands_the_record_on() -> None:
    ledger, mailer, stopping = FailingLedger(10_000, "record_sent"), MemoryMailer(), asyncio.Event()
    async with MemoryBroker((NOTIFICATION_RECORDS,)) as broker:
        sender = sender_with(ledger, mailer, PATIENT, broker, stopping)
        task = asyncio.create_task(handle(handlers_of(sender)))
        await until(lambda: mailer.taken, what="the mail")
        stopping.set()
        await task
        ledger.failures = 0
        await record_what_was_handed_on(broker, ledger)


async def test_a_process_that_goes_on_hands_the_record_on_before_its_lease_expires() -> None:
    ledger, mailer = FailingLedger(10_000, "record_sent"), MemoryMailer()
    async with MemoryBroker((NOTIFICATION_RECORDS,)) as broker:
        await handle(handlers_of(sender_with(ledger, mailer, QUICK, broker, asyncio.Event())))
        assert ledger.entries[EVENT].until > utc_now()
        ledger.failures = 0
        await record_what_was_handed_on(broker, ledger)


async def test_a_cancelled_record_is_handed_on() -> None:
    ledger, mailer = FailingLedger(10_000, "record_sent"), MemoryMailer()
    async with MemoryBroker((NOTIFICATION_RECORDS,)) as broker:
        sender = sender_with(ledger, mailer, QUICK, broker, asyncio.Event())
        task = asyncio.create_task(handle(handlers_of(sender)))
        await until(lambda: mailer.taken, what="the mail")
        task.cancel()
        await asyncio.wait([task])
        ledger.failures = 0
        await record_what_was_handed_on(broker, ledger)


async def test_a_stop_hands_all_on_that_neither_ledger_nor_broker_took_before() -> None:
    ledger, stopping = FailingLedger(10_000, "record_sent"), asyncio.Event()
    stopping.set()
    async with MemoryBroker(()) as broker:
        records = SentRecords(ledger, broker, PATIENT, stopping)
        for number in range(3):
            with pytest.raises(Unavailable):
                await records.record(f"event-{number}", "token")
        queue = broker.queue_of(NOTIFICATION_RECORDS)
        await records.record_remembered()
        assert len(queue) == 3
    assert [records.token_of(f"event-{number}") for number in range(3)] == [None] * 3


async def test_a_process_that_is_stopping_does_not_wait_for_a_claim() -> None:
    ledger, mailer, stopping = FailingLedger(10_000, "claim"), MemoryMailer(), asyncio.Event()
    task = asyncio.create_task(handle(handlers_of(email_sender(ledger, mailer, PATIENT, stopping=stopping))))
    await until(lambda: ledger.failures < 10_000, what="the first try")
    stopping.set()
    with pytest.raises(Retry) as soon:
        await task
    assert soon.value.delay_s <= 5
    assert mailer.taken == []


async def test_a_mail_whose_turn_comes_after_the_stop_is_left_to_another_process() -> None:
    ledger, mailer, stopping = MemoryLedger(), MemoryMailer(), asyncio.Event()
    stopping.set()
    with pytest.raises(Retry):
        await handle(handlers_of(email_sender(ledger, mailer, PATIENT, stopping=stopping)))
    assert (mailer.taken, ledger.entries) == ([], {})
