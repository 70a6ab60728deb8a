"""Delivery history of one message: failures and postponements, carried in its headers between attempts."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from shared.clock import utc_now

POSTPONED = "postponed"
MAX_ENTRIES = 20
MAX_ENTRY_LENGTH = 500


class DeliveryHistory(msgspec.Struct, frozen=True, kw_only=True):
    """`failures` count against `Subscription.max_attempts`, `postponements` against `max_postponements`.

    `entries` are lines of text, oldest first.
    """

    failures: int = 0
    postponements: int = 0
    entries: tuple[str, ...] = ()

    def failed(self, reason: str) -> "DeliveryHistory":
        """With one failure more."""
        entries = appended(self.entries, reason)
        return msgspec.structs.replace(self, failures=self.failures + 1, entries=entries)

    def postponed(self, reason: str) -> "DeliveryHistory":
        """With one postponement more. Consecutive ones share an entry, to not push out failures."""
        count = self.postponements + 1
        earlier = self.entries[:-1] if self.entries and POSTPONED in self.entries[-1] else self.entries
        entries = appended(earlier, f"{POSTPONED} {count} times: {reason}")
        return msgspec.structs.replace(self, postponements=count, entries=entries)


def appended(entries: tuple[str, ...], text: str) -> tuple[str, ...]:
    """The latest MAX_ENTRIES of `entries` and a new one with the current time."""
    at = utc_now().isoformat(timespec="milliseconds")
    return (*entries, f"{at} {printable(text)}")[-MAX_ENTRIES:]


def printable(text: str) -> str:
    """One line of at most MAX_ENTRY_LENGTH characters, safe in headers, logs and terminals."""
    short = text[:MAX_ENTRY_LENGTH]
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in short)


def describe(error: BaseException) -> str:
    """`TypeName: message`, as one printable line."""
    return printable(f"{type(error).__name__}: {error}")


def tier_after(failures: int, tiers: Sequence[timedelta]) -> timedelta:
    """The back-off after the nth failure: the nth tier, or the last one."""
    return tiers[min(failures, len(tiers)) - 1]


def tier_for(delay: timedelta, tiers: Sequence[timedelta]) -> timedelta:
    """The shortest tier of at least `delay`, or the longest tier."""
    return min((tier for tier in tiers if tier >= delay), default=max(tiers))
