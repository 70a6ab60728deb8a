"""What happened to one message so far, carried along with it from try to try."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from shared.clock import utc_now

POSTPONED = "postponed"
HISTORY_LENGTH = 20
REASON_LENGTH = 500


class Trail(msgspec.Struct, frozen=True, kw_only=True):
    """`failures` are counted against the limit, `postponements` only against their own. `history`: oldest
    first.
    """

    failures: int = 0
    postponements: int = 0
    history: tuple[str, ...] = ()

    def failed(self, what: str) -> "Trail":
        return msgspec.structs.replace(self, failures=self.failures + 1, history=noted(self.history, what))

    def postponed(self, why: str) -> "Trail":
        """Only the latest of a run of postponements is kept, or they would push out the failures."""
        times = self.postponements + 1
        earlier = self.history[:-1] if self.history and POSTPONED in self.history[-1] else self.history
        history = noted(earlier, f"{POSTPONED} {times} times: {why}")
        return msgspec.structs.replace(self, postponements=times, history=history)


def noted(history: tuple[str, ...], what: str) -> tuple[str, ...]:
    at = utc_now().isoformat(timespec="milliseconds")
    return (*history, f"{at} {printable(what)}")[-HISTORY_LENGTH:]


def printable(text: str) -> str:
    """One line of bounded length that no header, log or terminal can trip over."""
    short = text[:REASON_LENGTH]
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in short)


def describe(error: BaseException) -> str:
    return printable(f"{type(error).__name__}: {error}")


def tier_after(failures: int, tiers: Sequence[timedelta]) -> timedelta:
    """The back-off after the nth failure: the nth tier, then the last."""
    return tiers[min(failures, len(tiers)) - 1]


def tier_for(delay: timedelta, tiers: Sequence[timedelta]) -> timedelta:
    """The shortest tier that lasts at least `delay`, else the longest there is."""
    return min((tier for tier in tiers if tier >= delay), default=max(tiers))
