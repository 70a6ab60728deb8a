"""Mailer and SentLedger in memory. Both pass the contract suites of their ports."""

import secrets
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from notification_service.email.errors import PermanentFailure, TransientFailure
from notification_service.email.ledger import AlreadySent, Claim, Lease, LeaseHeld
from notification_service.email.message import Mail


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

    async def claim(self, event_id: str, lease: timedelta) -> Claim:
        now = datetime.now(UTC)
        entry = self.entries.setdefault(event_id, Entry("new"))
        if entry.state == "sent":
            return AlreadySent()
        if entry.state == "sending" and entry.until > now:
            return LeaseHeld(remaining=entry.until - now)
        entry.state, entry.token, entry.until = "sending", secrets.token_hex(16), now + lease
        entry.since = entry.since or now
        return Lease(token=entry.token, attempts=entry.attempts, since=entry.since)

    async def record_sent(self, event_id: str, token: str) -> None:
        entry = self.entries[event_id]
        entry.state, entry.token = "sent", token

    async def postpone(self, event_id: str, token: str) -> None:
        entry = self.entries[event_id]
        if entry.state == "sending" and entry.token == token:
            entry.state, entry.attempts = "waiting", entry.attempts + 1

    async def record_refusal(self, event_id: str, token: str, reason: str) -> None:
        entry = self.entries[event_id]
        if entry.state == "sending" and entry.token == token:
            self.entries[event_id] = Entry("refused", reason=reason)


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
