"""Bodies of the activity endpoint."""

from collections.abc import Sequence

from auth_service.audit.activity.model import ActivityRecord
from auth_service.users.page_cursor import encode_cursor
from shared.contracts.activity import ActivityEvent, ActivityPage


def activity_page(records: Sequence[ActivityRecord], limit: int) -> ActivityPage:
    """A page of `limit` events. `records` has one more if there is a next page."""
    last = records[limit - 1] if len(records) > limit else None
    return ActivityPage(
        tuple(_event(each) for each in records[:limit]),
        encode_cursor([last.position]) if last else None,
    )


def _event(record: ActivityRecord) -> ActivityEvent:
    return ActivityEvent(
        id=str(record.position),
        at=record.at,
        event=record.event,
        result=record.result,
        session_id=str(record.session_id) if record.session_id else None,
        address=record.address,
        user_agent=record.user_agent,
        details=record.details,
    )
