"""One mail an event, whatever the mail server, the ledger and the broker do."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from notification_service.email.errors import LedgerUnavailable
from notification_service.email.handlers import EmailHandlers, email_handlers
from notification_service.email.ledger import Claim
from notification_service.email.message import FromAddress, Mail
from notification_service.email.retry_policy import RetryPolicy
from notification_service.email.sender import EmailSender
from notification_service.email.templates import EmailTemplates
from shared.messaging.envelope import Envelope
from shared.messaging.errors import Reject, Retry
from shared.messaging.handlers import Delivery, Handlers
from tests.support.event_samples import TOKEN, completed, enveloped, failed, reset, verify
from tests.support.memory_email import Entry, MemoryLedger, MemoryMailer
from tests.support.wait import until

EVENT = "tonegate/converter event-1"
QUICK = RetryPolicy(
    lease=timedelta(seconds=30),
    ledger_timeout=timedelta(seconds=0.05),
    ledger_pause=timedelta(milliseconds=1),
)


class FaintLedger(MemoryLedger):
    """Cannot be asked the first `faints` times that one of `calls` is made."""

    def __init__(self, faints: int, *calls: str) -> None:
        super().__init__()
        self.faints = faints
        self.calls = calls

    def _faint(self, call: str) -> None:
        if call in self.calls and self.faints > 0:
            self.faints -= 1
            raise LedgerUnavailable(call)

    async def claim(self, event_id: str, lease: timedelta) -> Claim:
        self._faint("claim")
        return await super().claim(event_id, lease)

    async def record_sent(self, event_id: str, token: str) -> None:
        self._faint("record_sent")
        await super().record_sent(event_id, token)

    async def postpone(self, event_id: str, token: str) -> None:
        self._faint("postpone")
        await super().postpone(event_id, token)

    async def record_refusal(self, event_id: str, token: str, reason: str) -> None:
        self._faint("record_refusal")
        await super().record_refusal(event_id, token, reason)


class SlowMailer(MemoryMailer):
    """Takes the mail only once it is let."""

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
) -> EmailSender:
    sender = FromAddress("Tonegate <no-reply@tonegate.example>")
    return EmailSender(ledger, mailer, sender, policy, registry or CollectorRegistry())


def notifying(sender: EmailSender) -> Handlers:
    return email_handlers(EmailHandlers(EmailTemplates("https://tonegate.example"), sender))


def working(
    ledger: MemoryLedger, mailer: MemoryMailer, policy: RetryPolicy = QUICK
) -> tuple[Handlers, CollectorRegistry]:
    registry = CollectorRegistry()
    return notifying(email_sender(ledger, mailer, policy, registry)), registry


def telling(to: Handlers, envelope: Envelope | None = None) -> Awaitable[None]:
    event = completed()
    return to.handle(event, Delivery(envelope=envelope or enveloped(event)))


async def test_an_event_is_told_once_however_often_it_comes() -> None:
    mailer = MemoryMailer()
    to, registry = working(MemoryLedger(), mailer)
    for _ in range(3):
        await telling(to)
    assert len(mailer.taken) == 1
    assert registry.get_sample_value("letters_total", {"outcome": "sent"}) == 1
    assert registry.get_sample_value("letters_total", {"outcome": "repeated"}) == 2


async def test_two_events_are_told_in_two_mails() -> None:
    mailer = MemoryMailer()
    to, _ = working(MemoryLedger(), mailer)
    await telling(to)
    await to.handle(failed(), Delivery(envelope=enveloped(failed(), "event-2")))
    assert [b"ready" in mail.content for mail in mailer.taken] == [True, False]


async def test_account_mails_are_told_once_each_and_no_log_shows_their_secret(
    capsys: pytest.CaptureFixture[str],
) -> None:
    mailer = MemoryMailer()
    to, _ = working(MemoryLedger(), mailer)
    for event, identity in ((verify(), "event-1"), (reset(), "event-2")) * 2:
        await to.handle(event, Delivery(envelope=enveloped(event, identity)))
    assert [b"Confirm" in mail.content for mail in mailer.taken] == [True, False]
    assert TOKEN not in capsys.readouterr().out


async def test_a_link_that_is_over_before_it_is_sent_is_not_sent() -> None:
    mailer = MemoryMailer()
    to, _ = working(MemoryLedger(), mailer)
    for event in (verify(expires_at=datetime.now(UTC)), reset(expires_at=datetime.now(UTC))):
        with pytest.raises(Reject, match="expired"):
            await to.handle(event, Delivery(envelope=enveloped(event)))
    assert mailer.taken == []


async def test_without_a_recipient_nobody_is_told() -> None:
    mailer = MemoryMailer()
    to, _ = working(MemoryLedger(), mailer)
    for event in (completed(recipient=""), failed(recipient="")):
        await to.handle(event, Delivery(envelope=enveloped(event)))
    assert mailer.taken == []


async def test_the_same_id_from_another_source_is_another_event() -> None:
    mailer = MemoryMailer()
    to, _ = working(MemoryLedger(), mailer)
    await telling(to)
    await telling(to, msgspec.structs.replace(enveloped(completed()), source="tonegate/elsewhere"))
    assert len(mailer.taken) == 2


async def test_an_event_delivered_twice_at_the_same_moment_is_told_once() -> None:
    mailer = SlowMailer()
    ledger = MemoryLedger()
    one, _ = working(ledger, mailer)
    other, _ = working(ledger, mailer)
    first = asyncio.create_task(_completed(telling(one)))
    await mailer.sending.wait()
    with pytest.raises(Retry) as later:
        await telling(other)
    assert not later.value.counts
    assert 1 <= later.value.delay_s <= 5
    mailer.let.set()
    await first
    await telling(other)
    assert len(mailer.taken) == 1


async def test_while_no_server_takes_it_a_mail_waits_longer_each_time_and_then_goes_once() -> None:
    mailer = MemoryMailer()
    to, _ = working(MemoryLedger(), mailer)
    mailer.down = True
    delays = []
    for _ in range(6):
        with pytest.raises(Retry) as later:
            await telling(to)
        assert not later.value.counts
        delays.append(later.value.delay_s)
    assert delays == [1, 5, 30, 120, 600, 600]
    mailer.down = False
    await telling(to)
    await telling(to)
    assert len(mailer.taken) == 1


async def test_a_refused_mail_is_dead_lettered_with_the_servers_words() -> None:
    ledger = MemoryLedger()
    to, _ = working(ledger, MemoryMailer(refused=frozenset({"ann@example.org"})))
    with pytest.raises(Reject, match="550 no such mailbox"):
        await telling(to)
    assert ledger.entries[EVENT].state == "refused"
    assert ledger.entries[EVENT].reason == "550 no such mailbox"


async def test_a_refused_mail_goes_out_when_an_operator_replays_it_later() -> None:
    mailer = MemoryMailer(refused=frozenset({"ann@example.org"}))
    to, _ = working(MemoryLedger(), mailer)
    with pytest.raises(Reject):
        await telling(to)
    mailer.refused = frozenset()
    await telling(to)
    await telling(to)
    assert len(mailer.taken) == 1


async def test_after_days_of_trouble_a_mail_is_given_up_and_seen() -> None:
    ledger, mailer = MemoryLedger(), MemoryMailer()
    to, _ = working(ledger, mailer)
    mailer.down = True
    ledger.entries[EVENT] = Entry("waiting", since=datetime.now(UTC) - timedelta(days=5), attempts=700)
    with pytest.raises(Reject, match="gave up after: no server answers"):
        await telling(to)
    assert ledger.entries[EVENT].state == "refused"


async def test_an_event_that_cannot_be_written_about_is_dead_lettered_before_anything_else() -> None:
    ledger, mailer = MemoryLedger(), MemoryMailer()
    to, _ = working(ledger, mailer)
    nobody = completed(recipient="nobody")
    with pytest.raises(Reject, match="not one that mail can be sent to"):
        await to.handle(nobody, Delivery(envelope=enveloped(nobody)))
    assert not ledger.entries
    assert not mailer.taken


async def test_a_ledger_that_is_away_for_a_moment_is_waited_for() -> None:
    mailer = MemoryMailer()
    to, _ = working(FaintLedger(3, "claim", "record_sent"), mailer)
    await telling(to)
    await telling(to)
    assert len(mailer.taken) == 1


async def test_without_a_ledger_nothing_is_sent() -> None:
    mailer = MemoryMailer()
    to, _ = working(FaintLedger(10_000, "claim"), mailer)
    with pytest.raises(Retry) as later:
        await telling(to)
    assert not later.value.counts
    assert later.value.delay_s >= 60
    assert not mailer.taken


async def test_a_mail_that_is_out_is_recorded_even_if_the_ledger_was_away() -> None:
    ledger, mailer = FaintLedger(5, "record_sent"), MemoryMailer()
    to, _ = working(ledger, mailer)
    await telling(to)
    assert ledger.entries[EVENT].state == "sent"


async def test_a_mail_that_could_not_be_recorded_for_long_is_not_sent_again_and_recorded_in_the_end() -> None:
    """Also after its lease: this process knows that it is out."""
    ledger, mailer = FaintLedger(10_000, "record_sent"), MemoryMailer()
    sender = email_sender(ledger, mailer, replaced(lease=timedelta(0)))
    to = notifying(sender)
    with pytest.raises(Retry):
        await telling(to)
    with pytest.raises(Retry, match="not recorded yet") as later:
        await telling(to)
    assert not later.value.counts
    assert len(mailer.taken) == 1
    async with asyncio.TaskGroup() as tasks:
        catching_up = tasks.create_task(sender.run())
        ledger.faints = 0
        await until(lambda: ledger.entries[EVENT].state == "sent", what="the record")
        catching_up.cancel()
    await telling(to)
    assert len(mailer.taken) == 1


async def test_no_more_is_sent_than_can_be_remembered_while_nothing_can_be_recorded() -> None:
    mailer = MemoryMailer()
    to = notifying(email_sender(FaintLedger(10_000, "record_sent"), mailer, replaced(max_unrecorded=3)))
    for number in range(5):
        with pytest.raises(Retry):
            await telling(to, enveloped(completed(), f"event-{number}"))
    assert len(mailer.taken) == 3


@pytest.mark.parametrize("call", ["postpone", "record_refusal"])
async def test_an_outcome_that_could_not_be_recorded_only_waits_for_the_lease(call: str) -> None:
    ledger = FaintLedger(1, call)
    mailer = MemoryMailer(refused=frozenset({"ann@example.org"}))
    mailer.down = call == "postpone"
    to, _ = working(ledger, mailer)
    with pytest.raises(Retry if call == "postpone" else Reject) as outcome:
        await telling(to)
    assert getattr(outcome.value, "delay_s", 30) >= 30
    assert ledger.entries[EVENT].state == "sending"


async def test_whoever_is_cancelled_while_sending_ends_what_was_begun_and_records_it() -> None:
    ledger, mailer = MemoryLedger(), SlowMailer()
    to, _ = working(ledger, mailer)
    ending = asyncio.create_task(_completed(telling(to)))
    await mailer.sending.wait()
    ending.cancel()
    await asyncio.sleep(0)
    mailer.let.set()
    await asyncio.wait([ending])
    assert ending.cancelled()
    assert ledger.entries[EVENT].state == "sent"
    assert len(mailer.taken) == 1


async def test_whoever_is_cancelled_while_recording_ends_that_too() -> None:
    ledger, mailer = FaintLedger(1, "record_sent"), MemoryMailer()
    to, _ = working(ledger, mailer, replaced(ledger_pause=timedelta(seconds=0.2)))
    ending = asyncio.create_task(_completed(telling(to)))
    await until(lambda: ledger.faints == 0, what="the first try")
    ending.cancel()
    await asyncio.wait([ending])
    assert ending.cancelled()
    assert ledger.entries[EVENT].state == "sent"


async def test_a_process_that_died_while_sending_has_its_mail_sent_again_the_same() -> None:
    ledger, mailer = MemoryLedger(), SlowMailer()
    to, _ = working(ledger, mailer, RetryPolicy(lease=timedelta(0), cancel_grace=timedelta(0)))
    dying = asyncio.create_task(_completed(telling(to)))
    await mailer.sending.wait()
    dying.cancel()
    await asyncio.wait([dying])
    assert ledger.entries[EVENT].state == "sending"
    mailer.let.set()
    await telling(to)
    assert len(mailer.taken) == 1
    again = MemoryMailer()
    to_new, _ = working(MemoryLedger(), again)
    await telling(to_new)
    assert again.taken == mailer.taken


async def _completed(work: Awaitable[None]) -> None:
    await work
