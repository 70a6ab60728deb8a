"""EmailSender stopped while the ledger is unavailable: the next process records and does not send again."""

import asyncio
from datetime import timedelta

import pytest

from shared.contracts.events import ConversionCompleted
from shared.messaging.errors import Retry
from shared.messaging.handlers import Delivery, Handlers
from tests.support.event_samples import completed, enveloped
from tests.support.in_memory.email import MemoryMailer
from tests.support.wait import until
from tests.unit.notification_service.email.test_sender import (
    EVENT,
    FailingLedger,
    email_sender,
    handlers_of,
    replaced,
)

EVENT_SENT: ConversionCompleted = completed()
# Longer than any stop: a stop must not wait for the end of these limits.
PATIENT = replaced(ledger_timeout=timedelta(hours=1), ledger_pause=timedelta(seconds=30))


async def handle(to: Handlers, note: str = "") -> None:
    await to.handle(EVENT_SENT, Delivery(envelope=enveloped(EVENT_SENT), note=note))


async def test_an_email_that_a_stopped_process_could_not_record_is_recorded_by_the_next_one() -> None:
    ledger, mailer, stopping = FailingLedger(1, "record_sent"), MemoryMailer(), asyncio.Event()
    stopping.set()
    with pytest.raises(Retry) as handed_on:
        await handle(handlers_of(email_sender(ledger, mailer, PATIENT, stopping=stopping)))
    assert ledger.entries[EVENT].state == "sending"
    await handle(handlers_of(email_sender(ledger, mailer, PATIENT)), handed_on.value.note)
    assert (ledger.entries[EVENT].state, len(mailer.taken)) == ("sent", 1)


async def test_a_stop_ends_the_wait_for_the_ledger_and_hands_the_record_on() -> None:
    ledger, mailer, stopping = FailingLedger(10_000, "record_sent"), MemoryMailer(), asyncio.Event()
    task = asyncio.create_task(handle(handlers_of(email_sender(ledger, mailer, PATIENT, stopping=stopping))))
    await until(lambda: mailer.taken, what="the mail")
    stopping.set()
    with pytest.raises(Retry) as handed_on:
        await task
    assert (handed_on.value.note, handed_on.value.counts) == (ledger.entries[EVENT].token, False)


async def test_a_cancelled_record_is_handed_on() -> None:
    ledger, mailer = FailingLedger(10_000, "record_sent"), MemoryMailer()
    policy = replaced(ledger_timeout=timedelta(hours=1), cancel_grace=timedelta())
    task = asyncio.create_task(handle(handlers_of(email_sender(ledger, mailer, policy))))
    await until(lambda: mailer.taken, what="the mail")
    task.cancel()
    with pytest.raises(Retry) as handed_on:
        await task
    assert handed_on.value.note == ledger.entries[EVENT].token


async def test_a_process_that_is_stopping_does_not_wait_for_a_claim() -> None:
    ledger, mailer, stopping = FailingLedger(10_000, "claim"), MemoryMailer(), asyncio.Event()
    task = asyncio.create_task(handle(handlers_of(email_sender(ledger, mailer, PATIENT, stopping=stopping))))
    await until(lambda: ledger.failures < 10_000, what="the first try")
    stopping.set()
    with pytest.raises(Retry) as later:
        await task
    assert (later.value.note, mailer.taken) == ("", [])


async def test_a_record_that_still_cannot_be_written_is_handed_on_again() -> None:
    mailer = MemoryMailer()
    with pytest.raises(Retry) as again:
        await handle(handlers_of(email_sender(FailingLedger(1, "record_sent"), mailer, PATIENT)), "a token")
    assert (again.value.note, mailer.taken) == ("a token", [])
