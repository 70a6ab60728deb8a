"""Bodies and page cursors of the audit log endpoints."""

from collections.abc import Sequence

from auth_service.audit.model import AuditRecord
from auth_service.users.page_cursor import encode_cursor
from shared.contracts.administration import AuditEntry, AuditPage


def audit_page(records: Sequence[AuditRecord], limit: int) -> AuditPage:
    """A page of `limit` entries. `records` has one more if there is a next page."""
    last = records[limit - 1] if len(records) > limit else None
    return AuditPage(
        tuple(_entry(each) for each in records[:limit]),
        encode_cursor([last.position]) if last else None,
    )


def _entry(record: AuditRecord) -> AuditEntry:
    return AuditEntry(
        id=str(record.position),
        at=record.at,
        actor_id=str(record.actor_id) if record.actor_id else None,
        action=record.action,
        subject_id=str(record.subject_id) if record.subject_id else None,
        address=record.address,
        request_id=record.request_id,
        details=record.details,
    )
