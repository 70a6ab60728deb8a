"""Sends one email per event, however often the event is delivered and by however many processes.

Order: claim a lease in the ledger, send, record. If a process dies between the server's acceptance and the
record, its lease expires and the email is sent a second time with the same bytes; the opposite order would
lose the email. A process that stays alive finishes a send even when cancelled, and hands on what it could
not record.
"""

import asyncio
from collections.abc import Awaitable, Callable
from email.headerregistry import Address
from typing import Never, TypeAlias, TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram

from notification_service.email.errors import InvalidEmail, PermanentFailure, TransientFailure
from notification_service.email.ledger import AlreadySent, Claim, Lease, LeaseHeld, SentLedger
from notification_service.email.message import Mail, compose
from notification_service.email.ports import Mailer
from notification_service.email.retry_policy import (
    HELD_LEASE_DELAY_S,
    LEDGER_DELAY_S,
    STOPPED_DELAY_S,
    UNRECORDED_DELAY_S,
    RetryPolicy,
    back_off,
)
from notification_service.email.sent_records import SentRecords
from notification_service.email.templates import RenderedEmail
from notification_service.retry import retry_unavailable
from notification_service.takeover import Takeover
from shared.clock import utc_now
from shared.errors import Unavailable
from shared.logs import get_logger
from shared.messaging.envelope import Envelope
from shared.messaging.errors import Reject, Retry
from shared.metrics import SHORT_BUCKETS
from shared.tasks import finish_when_cancelled

OUTCOMES = ("sent", "repeated", "held", "postponed", "refused", "given_up", "capped", "unwritable")

T = TypeVar("T")
Refusal: TypeAlias = Callable[[str], Awaitable[str | None]]
"""Event id → why its email is not to be sent, or None."""


class EmailSender:
    """Sends the email of an event exactly once per ledger entry, with retries."""

    def __init__(
        self,
        ledger: SentLedger,
        records: SentRecords,
        mailer: Mailer,
        from_address: Address,
        policy: RetryPolicy,
        *,
        takeover: Takeover,
        stopping: asyncio.Event,
        registry: CollectorRegistry,
    ) -> None:
        """Once `stopping` is set the sender no longer waits for a ledger that is unavailable."""
        self._ledger, self._records = ledger, records
        self._takeover, self._stopping = takeover, stopping
        self._mailer = mailer
        self._from = from_address
        self._policy = policy
        self._outcomes = Counter("letters", "Emails by outcome", ("outcome",), registry=registry)
        for outcome in OUTCOMES:
            self._outcomes.labels(outcome)
        self._seconds = Histogram(
            "letter_send_seconds",
            "Time until the mail server took an email, or did not",
            buckets=SHORT_BUCKETS,
            registry=registry,
        )
        self._log = get_logger(__name__)

    async def send(self, envelope: Envelope, render: Callable[[], RenderedEmail], refusal: Refusal) -> None:
        """Returns when the email of the event is sent, now or earlier, or recorded as one that is not to be
        sent, for which `refusal` returns the reason.

        Raises Retry if it has to be sent later, and Reject if it can never be sent.
        """
        event_id = f"{envelope.source} {envelope.id}"  # unique together (CloudEvents 1.0.2, `id`)
        if sent_by := self._records.token_of(event_id):
            await self._record(event_id, sent_by)
            self._log.info("email recorded that was sent earlier", event_id=event_id)
            return
        mail = self._compose(event_id, envelope, render)
        if self._records.is_full:
            raise Retry(LEDGER_DELAY_S, "too many sent emails are not recorded yet", counts=False)
        if reason := await self._from_store(lambda: refusal(event_id)):
            await self._from_store(lambda: self._ledger.record_capped(event_id, reason))
            self._count("capped")
            self._log.info("email not sent", event_id=envelope.id, reason=reason)
            return
        if self._stopping.is_set():
            # Begun now, after waiting for stores, a slow send could outlast the grace and end unrecorded.
            raise Retry(back_off(0), "the process is about to stop", counts=False)
        match await self._claim(event_id):
            case AlreadySent():
                self._count("repeated")
                self._log.info("email already sent", event_id=envelope.id)
            case LeaseHeld(remaining=remaining):
                self._count("held")
                seconds = min(max(remaining.total_seconds(), back_off(0)), HELD_LEASE_DELAY_S)
                raise Retry(seconds, "another process holds the lease of this email", counts=False)
            case Lease() as lease:
                await self._finish(event_id, mail, lease)

    async def _finish(self, event_id: str, mail: Mail, lease: Lease) -> None:
        """Sends and records, both or none: a cancellation waits for `cancel_grace`."""
        work, grace = self._send(event_id, mail, lease), self._policy.cancel_grace
        await finish_when_cancelled(work, grace.total_seconds())

    async def _record(self, event_id: str, sent_by: str) -> None:
        try:
            await self._records.record(event_id, sent_by)
        except Unavailable as down:
            self._log.warning("email sent but not recorded, will be recorded later", event_id=event_id)
            raise Retry(UNRECORDED_DELAY_S, "email sent, not recorded yet", counts=False) from down

    def _compose(self, event_id: str, envelope: Envelope, render: Callable[[], RenderedEmail]) -> Mail:
        try:
            return compose(
                render(),
                self._from,
                event_id=event_id,
                written_at=envelope.time,
                request_id=envelope.correlationid or "",
            )
        except InvalidEmail as invalid:
            self._count("unwritable")
            raise Reject(str(invalid)) from invalid

    async def _claim(self, event_id: str) -> Claim:
        async def claim() -> Claim:
            takeover = await self._takeover.allowed()
            return await self._ledger.claim(event_id, self._policy.lease, takeover=takeover)

        return await self._from_store(claim)

    async def _from_store(self, call: Callable[[], Awaitable[T]]) -> T:
        try:
            return await retry_unavailable(
                call,
                timeout=self._policy.ledger_timeout,
                pause=self._policy.ledger_pause,
                stopping=self._stopping,
            )
        except Unavailable as down:
            delay = STOPPED_DELAY_S if self._stopping.is_set() else LEDGER_DELAY_S
            raise Retry(delay, "ledger unavailable", counts=False) from down

    async def _send(self, event_id: str, mail: Mail, lease: Lease) -> None:
        try:
            with self._seconds.time():
                await self._mailer.send(mail)
        except PermanentFailure as failure:
            await self._refuse(event_id, lease, str(failure), outcome="refused")
        except TransientFailure as failure:
            await self._postpone(event_id, lease, str(failure))
        else:
            await self._record_sent(event_id, mail, lease)

    async def _record_sent(self, event_id: str, mail: Mail, lease: Lease) -> None:
        self._count("sent")
        await self._record(event_id, lease.token)
        self._log.info(
            "email sent", event_id=event_id, message_id=mail.message_id, attempt=lease.attempts + 1
        )

    async def _postpone(self, event_id: str, lease: Lease, failure: str) -> Never:
        if utc_now() - lease.since >= self._policy.give_up_after:
            await self._refuse(event_id, lease, f"gave up after: {failure}", outcome="given_up")
        self._count("postponed")
        self._log.warning(
            "email not sent, will be retried", event_id=event_id, reason=failure, attempt=lease.attempts + 1
        )
        delay = back_off(lease.attempts)
        try:
            await self._ledger.postpone(event_id, lease.token)
        except Unavailable:  # the lease expires by itself
            delay = max(delay, self._policy.lease.total_seconds())
        raise Retry(delay, failure, counts=False)

    async def _refuse(self, event_id: str, lease: Lease, reason: str, *, outcome: str) -> Never:
        """Dead-letters the event for an operator. If the refusal is not recorded, a replay waits for the
        lease to expire.
        """
        self._count(outcome)
        self._log.error("email cannot be sent", event_id=event_id, reason=reason)
        try:
            await self._ledger.record_refusal(event_id, lease.token, reason)
        except Unavailable:
            self._log.warning("refusal of an email not recorded", event_id=event_id)
        raise Reject(reason)

    def _count(self, outcome: str) -> None:
        self._outcomes.labels(outcome).inc()
