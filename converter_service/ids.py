"""Ids of conversions and uploads: time-ordered and unguessable."""

import re
import secrets
from datetime import UTC, datetime

# Its first digit is 0 until the year 2527.
MADE_HERE = re.compile(r"0[0-9a-f]{11}7[0-9a-f]{3}[89ab][0-9a-f]{15}")


def new_id() -> str:
    """32 hex digits, later ids sort later (RFC 9562 §5.7, UUID version 7), and nobody can guess one."""
    milliseconds = int(datetime.now(UTC).timestamp() * 1000)
    value = (
        (milliseconds << 80)
        | (0x7 << 76)
        | (secrets.randbits(12) << 64)
        | (0b10 << 62)
        | secrets.randbits(62)
    )
    return f"{value:032x}"


def born(identity: str) -> datetime | None:
    """When `new_id` made it; None for what it cannot have made."""
    if not MADE_HERE.fullmatch(identity):
        return None
    return datetime.fromtimestamp(int(identity[:12], 16) / 1000, UTC)
