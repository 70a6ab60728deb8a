"""One mail an event, however often and to however many of us the event is delivered.

The order is: claim in the ledger, send, record. A process that dies after the server took the mail and before
that is recorded leaves a lease that lapses, and the mail is sent a second time, the same byte for byte. The
other order would lose mail in that place. A repeated mail is the lesser evil, and the window is one ledger
write long. A process that lives closes it: it ends what it began even when cancelled, and remembers what it
could not record.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Never

import msgspec
from prometheus_client import CollectorRegistry, Counter

from notification_service.email.message import Mail, Sender, compose
from notification_service.email.ports import (
    Granted,
    Held,
    LedgerUnavailable,
    Mailer,
    Refused,
    SentLedger,
    Settled,
    TryLater,
)
from notification_service.email.send_recorder import Recorder
from notification_service.email.templates import Letter, Unwritable
from shared.logs import get_logger
from shared.messaging.envelope import Envelope
from shared.messaging.errors import Reject, Retry

# Seconds between attempts while the mail server does not take the mail; the last one repeats until giving up.
BACK_OFF = (1.0, 5.0, 30.0, 120.0, 600.0)
# Whoever holds the lease is mostly done in a moment, so nobody waits for the whole of it.
LOOK_AGAIN_S = 5.0


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long things may take.

    `lease` outlasts the mailer's own time-out; two waits for the ledger and one for the mailer stay below the
    queue's handling time-out. RFC 5321 §4.5.4.1 asks to go on for four or five days at least. `parting` is
    what a cancelled delivery takes to end what it began. `unrecorded` mails may be out without a record.
    """

    lease: timedelta
    give_up_after: timedelta = timedelta(days=5)
    ledger: timedelta = timedelta(minutes=4)
    ledger_pause: timedelta = timedelta(seconds=1)
    parting: timedelta = timedelta(seconds=8)
    unrecorded: int = 1000


class Courier:
    """Sends the letter of an event, once."""

    def __init__(
        self,
        ledger: SentLedger,
        mailer: Mailer,
        sender: Sender,
        patience: Patience,
        registry: CollectorRegistry,
    ) -> None:
        self._ledger = ledger
        self._mailer = mailer
        self._sender = sender
        self._patience = patience
        self._recorder = Recorder(ledger, patience.ledger_pause, patience.unrecorded)
        self._letters = Counter("letters", "Letters by what became of them", ("outcome",), registry=registry)
        self._log = get_logger(__name__)

    async def run(self) -> None:
        """For ever, beside the deliveries: records what the ledger missed while it was away."""
        await self._recorder.run()

    async def deliver(self, envelope: Envelope, write: Callable[[], Letter]) -> None:
        """Returns when the mail is out, now or earlier.

        Raises Retry when it has to wait and Reject when it can never be sent, the reason recorded.
        """
        event_id = f"{envelope.source} {envelope.id}"  # unique together (CloudEvents 1.0.2, `id`)
        mail = self._compose(event_id, envelope, write)
        if self._recorder.knows(event_id):
            raise Retry(LOOK_AGAIN_S, "sent, and not recorded yet", counts=False)
        if self._recorder.is_full:
            raise Retry(BACK_OFF[-2], "too much is sent and not recorded", counts=False)
        claim = await self._claim(event_id)
        if isinstance(claim, Settled):
            self._count("repeated")
            self._log.info("already sent", event_id=envelope.id)
        elif isinstance(claim, Held):
            self._count("held")
            seconds = min(max(claim.remaining.total_seconds(), BACK_OFF[0]), LOOK_AGAIN_S)
            raise Retry(seconds, "somebody else is sending it", counts=False)
        else:
            await self._to_its_end(self._send(event_id, mail, claim))

    async def _to_its_end(self, work: Coroutine[None, None, None]) -> None:
        """Sending and recording are one step: whoever is cancelled in between would have it sent again."""
        sending = asyncio.create_task(work)
        try:
            await asyncio.shield(sending)
        except asyncio.CancelledError:
            await asyncio.wait({sending}, timeout=self._patience.parting.total_seconds())
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            raise

    def _compose(self, event_id: str, envelope: Envelope, write: Callable[[], Letter]) -> Mail:
        try:
            return compose(
                write(),
                self._sender,
                event_id=event_id,
                written_at=envelope.time,
                request_id=envelope.correlationid or "",
            )
        except Unwritable as bad:
            self._count("unwritable")
            raise Reject(str(bad)) from bad

    async def _claim(self, event_id: str) -> Granted | Held | Settled:
        try:
            return await self._recorder.insist(
                lambda: self._ledger.claim(event_id, self._patience.lease), self._patience.ledger
            )
        except LedgerUnavailable as down:
            raise Retry(BACK_OFF[-2], "the ledger is down", counts=False) from down

    async def _send(self, event_id: str, mail: Mail, claim: Granted) -> None:
        try:
            await self._mailer.send(mail)
        except Refused as final:
            await self._refuse(event_id, claim, str(final), outcome="refused")
        except TryLater as trouble:
            await self._postpone(event_id, claim, str(trouble))
        else:
            await self._sent(event_id, mail, claim)

    async def _sent(self, event_id: str, mail: Mail, claim: Granted) -> None:
        self._count("sent")
        try:
            await self._recorder.sent(event_id, claim.token, self._patience.ledger)
        except LedgerUnavailable as down:
            self._log.error(
                "sent, but not recorded yet: if this process ends, it is sent again", event_id=event_id
            )
            raise Retry(BACK_OFF[-1], "the ledger is down", counts=False) from down
        self._log.info("sent", event_id=event_id, message_id=mail.message_id, attempt=claim.attempts + 1)

    async def _postpone(self, event_id: str, claim: Granted, trouble: str) -> Never:
        if datetime.now(UTC) - claim.since >= self._patience.give_up_after:
            await self._refuse(event_id, claim, f"gave up after: {trouble}", outcome="given_up")
        self._count("postponed")
        self._log.warning("not sent, later", event_id=event_id, trouble=trouble, attempt=claim.attempts + 1)
        delay = BACK_OFF[min(claim.attempts, len(BACK_OFF) - 1)]
        try:
            await self._ledger.postpone(event_id, claim.token)
        except LedgerUnavailable:  # the lease lapses by itself
            delay = max(delay, self._patience.lease.total_seconds())
        raise Retry(delay, trouble, counts=False)

    async def _refuse(self, event_id: str, claim: Granted, reason: str, *, outcome: str) -> Never:
        """Dead-letters it, where an operator sees it. Without the record a replay waits for the lease."""
        self._count(outcome)
        self._log.error("will not be sent", event_id=event_id, reason=reason)
        try:
            await self._ledger.refuse(event_id, claim.token, reason)
        except LedgerUnavailable:
            self._log.warning("the refusal could not be recorded", event_id=event_id)
        raise Reject(reason)

    def _count(self, outcome: str) -> None:
        self._letters.labels(outcome).inc()
