"""Mailer and SentLedger in memory. Both pass the contract suites of their ports."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from notification_service.admissions import Bound
from notification_service.email.admission import EmailAdmission, RecipientLimits
from notification_service.email.declines import DeclineTokens
from notification_service.email.errors import PermanentFailure, TransientFailure
from notification_service.email.ledger import AlreadySent, Claim, Lease, LeaseHeld
from notification_service.email.message import Mail
from shared.settings import Secret
from shared.signed_links import LinkSigner

UNLIMITED = RecipientLimits(per_day=10_000, unverified_per_day=10_000, unverified_total=10_000)
DECLINES = DeclineTokens(Secret("k" * 32))
LINKS = LinkSigner(Secret("l" * 32))


class MemoryAdmissions:
    """Admissions in a dictionary."""

    def __init__(self) -> None:
        self.counters: dict[str, dict[str, datetime]] = {}

    async def admit(self, key: str, member: str, bounds: Sequence[Bound]) -> bool:
        now, counter = datetime.now(UTC), self.counters.setdefault(key, {})
        if member in counter:
            return True
        for bound in bounds:
            within = [at for at in counter.values() if bound.within is None or at > now - bound.within]
            if len(within) >= bound.count:
                return False
        counter[member] = now
        return True


class MemoryDeclined(set[str]):
    """Declined in a set."""

    async def add(self, mailbox: str) -> None:  # type: ignore[override]  # asynchronous here
        super().add(mailbox)

    async def contains(self, mailbox: str) -> bool:
        return mailbox in self


def admission(limits: RecipientLimits = UNLIMITED, declined: MemoryDeclined | None = None) -> EmailAdmission:
    return EmailAdmission(
        MemoryAdmissions(), MemoryAdmissions(), MemoryDeclined() if declined is None else declined, limits
    )


class Entry(Struct):
    """Ledger entry of one event."""

    state: str
    since: datetime | None = None
    attempts: int = 0
    token: str = ""
    until: datetime = datetime.min.replace(tzinfo=UTC)
    reason: str = ""


class MemoryLedger:
    """A SentLedger in a dictionary."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    async def claim(self, event_id: str, lease: timedelta, *, takeover: bool = True) -> Claim:
        now = datetime.now(UTC)
        entry = self.entries.setdefault(event_id, Entry("new"))
        if entry.state == "sent":
            return AlreadySent()
        if entry.state == "sending" and entry.until > now:
            return LeaseHeld(remaining=entry.until - now)
        if entry.state == "sending" and not takeover:
            return LeaseHeld(remaining=timedelta())
        entry.state, entry.token, entry.until = "sending", secrets.token_hex(16), now + lease
        entry.since = entry.since or now
        return Lease(token=entry.token, attempts=entry.attempts, since=entry.since)

    async def record_sent(self, event_id: str, token: str) -> None:
        entry = self.entries.setdefault(event_id, Entry("new"))
        entry.state, entry.token = "sent", token

    async def postpone(self, event_id: str, token: str) -> None:
        entry = self.entries[event_id]
        if entry.state == "sending" and entry.token == token:
            entry.state, entry.attempts = "waiting", entry.attempts + 1

    async def record_refusal(self, event_id: str, token: str, reason: str) -> None:
        entry = self.entries[event_id]
        if entry.state == "sending" and entry.token == token:
            self.entries[event_id] = Entry("refused", reason=reason)

    async def record_capped(self, event_id: str, reason: str) -> None:
        entry = self.entries.setdefault(event_id, Entry("new"))
        if entry.state not in {"sent", "sending"}:
            self.entries[event_id] = Entry("capped", reason=reason)


class MemoryTakeover:
    """A Takeover that is allowed while `is_allowed`."""

    def __init__(self, *, is_allowed: bool = True) -> None:
        self.is_allowed = is_allowed

    async def allowed(self) -> bool:
        return self.is_allowed


class MemoryMailer:
    """A Mailer that stores emails in `taken`.

    Raises PermanentFailure for recipients in `refused`, and TransientFailure while `down`.
    """

    def __init__(self, refused: frozenset[str] = frozenset()) -> None:
        self.taken: list[Mail] = []
        self.refused = refused
        self.down = False

    async def send(self, mail: Mail) -> None:
        await self.ping()
        if mail.recipient in self.refused:
            raise PermanentFailure("550 no such mailbox")
        self.taken.append(mail)

    async def ping(self) -> None:
        if self.down:
            raise TransientFailure("no server answers")
