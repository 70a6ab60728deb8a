"""EmailSender sends one email per event, whatever the mail server, the ledger and the broker do."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from notification_service.email.handlers import email_handlers
from notification_service.email.ledger import Claim
from notification_service.email.message import Mail, parse_from_address
from notification_service.email.retry_policy import RetryPolicy
from notification_service.email.sender import EmailSender
from notification_service.email.sent_records import SentRecords
from notification_service.email.templates import EmailTemplates
from shared.clock import utc_now
from shared.errors import Unavailable
from shared.messaging.envelope import Envelope
from shared.messaging.errors import Reject, Retry
from shared.messaging.handlers import Delivery, Handlers
from tests.support.event_samples import TOKEN, completed, enveloped, failed, reset, verify
from tests.support.in_memory.email import (
    DECLINES,
    LINKS,
    Entry,
    MemoryLedger,
    MemoryMailer,
    MemoryTakeover,
    admission,
)
from tests.support.messaging.broker import MemoryBroker
from tests.support.wait import until

EVENT = "tonegate/converter event-1"
QUICK = RetryPolicy(
    lease=timedelta(seconds=30),
    ledger_timeout=timedelta(seconds=0.05),
    ledger_pause=timedelta(milliseconds=1),
    record_timeout=timedelta(seconds=0.05),
)
# Limits that a busy machine does not reach, for a ledger that comes back.
LASTING = msgspec.structs.replace(QUICK, ledger_timeout=timedelta(hours=1), record_timeout=timedelta(hours=1))
# No broker: what the ledger does not record can only be remembered.
NOWHERE = MemoryBroker(())


class FailingLedger(MemoryLedger):
    """Raises Unavailable at the first `failures` calls of the methods in `calls`."""

    def __init__(self, failures: int, *calls: str) -> None:
        super().__init__()
        self.failures = failures
        self.calls = calls

    def _fail(self, call: str) -> None:
        if call in self.calls and self.failures > 0:
            self.failures -= 1
            raise Unavailable(call)

    async def claim(self, event_id: str, lease: timedelta, *, takeover: bool = True) -> Claim:
        self._fail("claim")
        return await super().claim(event_id, lease, takeover=takeover)

    async def record_sent(self, event_id: str, token: str) -> None:
        self._fail("record_sent")
        await super().record_sent(event_id, token)

    async def postpone(self, event_id: str, token: str) -> None:
        self._fail("postpone")
        await super().postpone(event_id, token)

    async def record_refusal(self, event_id: str, token: str, reason: str) -> None:
        self._fail("record_refusal")
        await super().record_refusal(event_id, token, reason)


class SlowMailer(MemoryMailer):
    """Accepts the email once `let` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.sending = asyncio.Event()
        self.let = asyncio.Event()

    async def send(self, mail: Mail) -> None:
        self.sending.set()
        await self.let.wait()
        await super().send(mail)


def replaced(**changes: object) -> RetryPolicy:
    return msgspec.structs.replace(QUICK, **changes)


def email_sender(
    ledger: MemoryLedger,
    mailer: MemoryMailer,
    policy: RetryPolicy,
    registry: CollectorRegistry | None = None,
    *,
    records: SentRecords | None = None,
    takeover: MemoryTakeover | None = None,
    stopping: asyncio.Event | None = None,
) -> EmailSender:
    stopping = stopping or asyncio.Event()
    return EmailSender(
        ledger,
        records or SentRecords(ledger, NOWHERE, policy, stopping),
        mailer,
        parse_from_address("Tonegate <no-reply@tonegate.example>"),
        policy,
        takeover=takeover or MemoryTakeover(),
        stopping=stopping,
        registry=registry or CollectorRegistry(),
    )


def handlers_of(sender: EmailSender) -> Handlers:
    return email_handlers(EmailTemplates("https://tonegate.example", DECLINES, LINKS), sender, admission())


def handlers_with(
    ledger: MemoryLedger, mailer: MemoryMailer, policy: RetryPolicy = QUICK
) -> tuple[Handlers, CollectorRegistry]:
    registry = CollectorRegistry()
    return handlers_of(email_sender(ledger, mailer, policy, registry)), registry


def handle_completed(to: Handlers, envelope: Envelope | None = None) -> Awaitable[None]:
    event = completed()
    return to.handle(event, Delivery(envelope=envelope or enveloped(event)))


async def test_a_redelivered_event_is_emailed_once() -> None:
    mailer = MemoryMailer()
    to, registry = handlers_with(MemoryLedger(), mailer)
    for _ in range(3):
        await handle_completed(to)
    assert len(mailer.taken) == 1
    assert registry.get_sample_value("letters_total", {"outcome": "sent"}) == 1
    assert registry.get_sample_value("letters_total", {"outcome": "repeated"}) == 2


async def test_two_events_are_two_emails() -> None:
    mailer = MemoryMailer()
    to, _ = handlers_with(MemoryLedger(), mailer)
    await handle_completed(to)
    await to.handle(failed(), Delivery(envelope=enveloped(failed(), "event-2")))
    assert [b"ready" in mail.content for mail in mailer.taken] == [True, False]


async def test_account_emails_are_sent_once_and_no_log_contains_their_token(
    capsys: pytest.CaptureFixture[str],
) -> None:
    mailer = MemoryMailer()
    to, _ = handlers_with(MemoryLedger(), mailer)
    for event, identity in ((verify(), "event-1"), (reset(), "event-2")) * 2:
        await to.handle(event, Delivery(envelope=enveloped(event, identity)))
    assert [b"Confirm" in mail.content for mail in mailer.taken] == [True, False]
    assert TOKEN not in capsys.readouterr().out


async def test_an_expired_link_is_not_sent() -> None:
    mailer = MemoryMailer()
    to, _ = handlers_with(MemoryLedger(), mailer)
    for event in (verify(expires_at=utc_now()), reset(expires_at=utc_now())):
        with pytest.raises(Reject, match="expired"):
            await to.handle(event, Delivery(envelope=enveloped(event)))
    assert mailer.taken == []


async def test_without_a_recipient_no_email_is_sent() -> None:
    mailer = MemoryMailer()
    to, _ = handlers_with(MemoryLedger(), mailer)
    for event in (completed(recipient=""), failed(recipient="")):
        await to.handle(event, Delivery(envelope=enveloped(event)))
    assert mailer.taken == []


async def test_the_same_id_from_another_source_is_another_event() -> None:
    mailer = MemoryMailer()
    to, _ = handlers_with(MemoryLedger(), mailer)
    await handle_completed(to)
    await handle_completed(to, msgspec.structs.replace(enveloped(completed()), source="tonegate/elsewhere"))
    assert len(mailer.taken) == 2


async def test_an_event_delivered_twice_concurrently_is_emailed_once() -> None:
    mailer = SlowMailer()
    ledger = MemoryLedger()
    one, _ = handlers_with(ledger, mailer)
    other, _ = handlers_with(ledger, mailer)
    first = asyncio.create_task(_completed(handle_completed(one)))
    await mailer.sending.wait()
    with pytest.raises(Retry) as later:
        await handle_completed(other)
    assert not later.value.counts
    assert 1 <= later.value.delay_s <= 5
    mailer.let.set()
    await first
    await handle_completed(other)
    assert len(mailer.taken) == 1


async def test_the_delay_grows_while_the_server_is_down_and_the_email_is_sent_once() -> None:
    mailer = MemoryMailer()
    to, _ = handlers_with(MemoryLedger(), mailer)
    mailer.down = True
    delays = []
    for _ in range(6):
        with pytest.raises(Retry) as later:
            await handle_completed(to)
        assert not later.value.counts
        delays.append(later.value.delay_s)
    assert delays == [1, 5, 30, 120, 600, 600]
    mailer.down = False
    await handle_completed(to)
    await handle_completed(to)
    assert len(mailer.taken) == 1


async def test_a_refused_email_is_dead_lettered_with_the_reply() -> None:
    ledger = MemoryLedger()
    to, _ = handlers_with(ledger, MemoryMailer(refused=frozenset({"ann@example.org"})))
    with pytest.raises(Reject, match="550 no such mailbox"):
        await handle_completed(to)
    assert ledger.entries[EVENT].state == "refused"
    assert ledger.entries[EVENT].reason == "550 no such mailbox"


async def test_a_replayed_refused_email_is_sent() -> None:
    mailer = MemoryMailer(refused=frozenset({"ann@example.org"}))
    to, _ = handlers_with(MemoryLedger(), mailer)
    with pytest.raises(Reject):
        await handle_completed(to)
    mailer.refused = frozenset()
    await handle_completed(to)
    await handle_completed(to)
    assert len(mailer.taken) == 1


async def test_an_email_is_given_up_after_days_and_dead_lettered() -> None:
    ledger, mailer = MemoryLedger(), MemoryMailer()
    to, _ = handlers_with(ledger, mailer)
    mailer.down = True
    ledger.entries[EVENT] = Entry("waiting", since=utc_now() - timedelta(days=5), attempts=700)
    with pytest.raises(Reject, match="gave up after: no server answers"):
        await handle_completed(to)
    assert ledger.entries[EVENT].state == "refused"


async def test_an_event_with_a_malformed_recipient_is_dead_lettered_without_a_claim() -> None:
    ledger, mailer = MemoryLedger(), MemoryMailer()
    to, _ = handlers_with(ledger, mailer)
    nobody = completed(recipient="nobody")
    with pytest.raises(Reject, match="not one that mail can be sent to"):
        await to.handle(nobody, Delivery(envelope=enveloped(nobody)))
    assert not ledger.entries
    assert not mailer.taken


async def test_a_briefly_unavailable_ledger_is_retried() -> None:
    mailer = MemoryMailer()
    to, _ = handlers_with(FailingLedger(3, "claim", "record_sent"), mailer, LASTING)
    await handle_completed(to)
    await handle_completed(to)
    assert len(mailer.taken) == 1


async def test_without_a_ledger_nothing_is_sent() -> None:
    mailer = MemoryMailer()
    to, _ = handlers_with(FailingLedger(10_000, "claim"), mailer)
    with pytest.raises(Retry) as later:
        await handle_completed(to)
    assert not later.value.counts
    assert later.value.delay_s >= 60
    assert not mailer.taken


async def test_a_sent_email_is_recorded_although_the_ledger_was_unavailable() -> None:
    ledger, mailer = FailingLedger(5, "record_sent"), MemoryMailer()
    to, _ = handlers_with(ledger, mailer, LASTING)
    await handle_completed(to)
    assert ledger.entries[EVENT].state == "sent"


async def test_an_unrecorded_email_is_not_sent_again_and_recorded_in_the_end() -> None:
    """Also after the lease has expired: the process remembers that the email was sent."""
    ledger, mailer = FailingLedger(10_000, "record_sent"), MemoryMailer()
    policy = replaced(lease=timedelta(0))
    records = SentRecords(ledger, NOWHERE, policy, asyncio.Event())
    to = handlers_of(email_sender(ledger, mailer, policy, records=records))
    with pytest.raises(Retry):
        await handle_completed(to)
    with pytest.raises(Retry, match="not recorded yet") as later:
        await handle_completed(to)
    assert not later.value.counts
    assert len(mailer.taken) == 1
    async with asyncio.TaskGroup() as tasks:
        catching_up = tasks.create_task(records.run())
        ledger.failures = 0
        await until(lambda: ledger.entries[EVENT].state == "sent", what="the ledger entry is `sent`")
        catching_up.cancel()
    await handle_completed(to)
    assert len(mailer.taken) == 1


async def test_unrecorded_emails_are_bounded() -> None:
    mailer = MemoryMailer()
    to = handlers_of(email_sender(FailingLedger(10_000, "record_sent"), mailer, replaced(max_unrecorded=3)))
    for number in range(5):
        with pytest.raises(Retry):
            await handle_completed(to, enveloped(completed(), f"event-{number}"))
    assert len(mailer.taken) == 3


@pytest.mark.parametrize("call", ["postpone", "record_refusal"])
async def test_an_outcome_that_could_not_be_recorded_only_waits_for_the_lease(call: str) -> None:
    ledger = FailingLedger(1, call)
    mailer = MemoryMailer(refused=frozenset({"ann@example.org"}))
    mailer.down = call == "postpone"
    to, _ = handlers_with(ledger, mailer)
    with pytest.raises(Retry if call == "postpone" else Reject) as outcome:
        await handle_completed(to)
    assert getattr(outcome.value, "delay_s", 30) >= 30
    assert ledger.entries[EVENT].state == "sending"


async def test_a_cancelled_send_is_finished_and_recorded() -> None:
    ledger, mailer = MemoryLedger(), SlowMailer()
    to, _ = handlers_with(ledger, mailer)
    ending = asyncio.create_task(_completed(handle_completed(to)))
    await mailer.sending.wait()
    ending.cancel()
    await asyncio.sleep(0)
    mailer.let.set()
    await asyncio.wait([ending])
    assert ending.cancelled()
    assert ledger.entries[EVENT].state == "sent"
    assert len(mailer.taken) == 1


async def test_a_cancelled_record_is_finished() -> None:
    ledger, mailer = FailingLedger(1, "record_sent"), MemoryMailer()
    to, _ = handlers_with(
        ledger, mailer, msgspec.structs.replace(LASTING, ledger_pause=timedelta(seconds=0.2))
    )
    ending = asyncio.create_task(_completed(handle_completed(to)))
    await until(lambda: ledger.failures == 0, what="the first try")
    ending.cancel()
    await asyncio.wait([ending])
    assert ending.cancelled()
    assert ledger.entries[EVENT].state == "sent"


async def test_an_interrupted_email_is_sent_again_only_once_its_record_would_have_arrived() -> None:
    ledger, mailer, takeover = MemoryLedger(), MemoryMailer(), MemoryTakeover(is_allowed=False)
    ledger.entries[EVENT] = Entry("sending", token="of a dead process")
    to = handlers_of(email_sender(ledger, mailer, QUICK, takeover=takeover))
    with pytest.raises(Retry) as later:
        await handle_completed(to)
    assert (later.value.counts, mailer.taken) == (False, [])
    takeover.is_allowed = True
    await handle_completed(to)
    assert len(mailer.taken) == 1


async def test_an_email_is_sent_again_with_the_same_bytes_after_its_process_crashed() -> None:
    ledger, mailer = MemoryLedger(), SlowMailer()
    to, _ = handlers_with(ledger, mailer, RetryPolicy(lease=timedelta(0), cancel_grace=timedelta(0)))
    dying = asyncio.create_task(_completed(handle_completed(to)))
    await mailer.sending.wait()
    dying.cancel()
    await asyncio.wait([dying])
    assert ledger.entries[EVENT].state == "sending"
    mailer.let.set()
    await handle_completed(to)
    assert len(mailer.taken) == 1
    again = MemoryMailer()
    to_new, _ = handlers_with(MemoryLedger(), again)
    await handle_completed(to_new)
    assert again.taken == mailer.taken


async def _completed(work: Awaitable[None]) -> None:
    await work
