"""Response bodies of the activity log: the security events of the caller's account."""

from datetime import datetime

import msgspec


class ActivityEvent(msgspec.Struct, frozen=True):
    """A security event. `result` is `succeeded` or `refused`; `session_id` is the session or API key that
    caused it, null before a login and for mailed links.
    """

    id: str
    at: datetime
    event: str
    result: str
    session_id: str | None
    address: str | None
    user_agent: str | None
    details: dict[str, str]


class ActivityPage(msgspec.Struct, frozen=True):
    """Security events, newest first. `next_cursor` is null on the last page."""

    items: tuple[ActivityEvent, ...]
    next_cursor: str | None
