"""Port of the ledger of sent emails: one entry and one lease per event."""

from datetime import datetime, timedelta
from typing import Protocol

import msgspec


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """The exclusive right to send the email of one event until the lease expires; `token` identifies it.

    `attempts` counts earlier attempts, `since` is the start of the first one.
    """

    token: str
    attempts: int
    since: datetime


class LeaseHeld(msgspec.Struct, frozen=True, kw_only=True):
    """Another sender holds the lease; it expires after `remaining`."""

    remaining: timedelta


class AlreadySent(msgspec.Struct, frozen=True):
    """The email of the event has been sent."""


Claim = Lease | LeaseHeld | AlreadySent


class SentLedger(Protocol):
    """Records which events have been emailed. An entry has at most one lease holder at a time.

    Entries are kept longer than an event can be redelivered, then expire. All calls raise Unavailable
    while the ledger cannot be reached; a call that raised may or may not have taken effect.
    """

    async def claim(self, event_id: str, lease: timedelta, *, takeover: bool = True) -> Claim:
        """Returns a Lease for a new, postponed or refused event, and for one whose lease has expired.

        The record of an expired lease may still be on its way: a ledger may return LeaseHeld until then, and
        returns it without `takeover`.
        """

    async def record_sent(self, event_id: str, token: str) -> None:
        """Marks the event as sent, even if the lease has expired: every later claim is AlreadySent."""

    async def postpone(self, event_id: str, token: str) -> None:
        """Counts a failed attempt and releases the lease. No effect if `token` does not hold the lease."""

    async def record_refusal(self, event_id: str, token: str, reason: str) -> None:
        """Stores why the email was not sent, resets the attempts and releases the lease.

        A later claim gets a Lease: it comes from an operator who replays the dead letter.
        """

    async def record_capped(self, event_id: str, reason: str) -> None:
        """Stores why the email is not to be sent. No effect on one that is sent or being sent."""
