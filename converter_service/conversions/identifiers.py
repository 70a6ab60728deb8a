"""Ids of conversions, blobs and lease tokens: UUID version 7 (RFC 9562 §5.7) as 32 hex digits."""

import re
import secrets
from datetime import UTC, datetime

from shared.clock import utc_now

# The first hex digit of the timestamp is 0 until the year 2527.
UUID7 = re.compile(r"0[0-9a-f]{11}7[0-9a-f]{3}[89ab][0-9a-f]{15}")


def new_id() -> str:
    """A new id; sorts by creation time and has 74 random bits, so it cannot be guessed."""
    milliseconds = round(utc_now().timestamp() * 1000)
    value = (
        (milliseconds << 80)
        | (0x7 << 76)
        | (secrets.randbits(12) << 64)
        | (0b10 << 62)
        | secrets.randbits(62)
    )
    return f"{value:032x}"


def lowest_id(moment: datetime) -> str:
    """An id that sorts before all that `new_id` creates from `moment` on, and after all earlier ones."""
    return f"{round(moment.timestamp() * 1000):012x}" + "0" * 20


def creation_time(identity: str) -> datetime | None:
    """The time at which `new_id` created the id; None when it is not such an id."""
    if not UUID7.fullmatch(identity):
        return None
    return datetime.fromtimestamp(int(identity[:12], 16) / 1000, UTC)
