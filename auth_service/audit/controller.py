"""Audit log endpoints and their bodies."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import JSONBody
from litestar.status_codes import HTTP_204_NO_CONTENT

from auth_service.audit.actor import Actor
from auth_service.audit.repository import AuditRecord
from auth_service.audit.service import AuditLog
from auth_service.introspection.authentication import forwarded_by_the_gateway
from auth_service.users.page_cursor import Cursor, Limit, decode_cursor, encode_cursor
from shared.contracts.administration import AuditedAction, AuditEntry, AuditPage
from shared.http import Injected

Position = Annotated[int, msgspec.Meta(ge=0, lt=2**63 - 1)]


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


class AuditController(Controller):
    path = "/v1/admin/audit"

    @get()
    async def list(
        self,
        actor: Injected[Actor],
        audit_log: Injected[AuditLog],
        cursor: Cursor = None,
        limit: Limit = 20,
    ) -> AuditPage:
        before = decode_cursor(cursor, tuple[Position])[0] if cursor is not None else None
        return audit_page(await audit_log.list(actor, before, limit + 1), limit)

    @post(status_code=HTTP_204_NO_CONTENT, guards=[forwarded_by_the_gateway])
    async def record(
        self, data: JSONBody[AuditedAction], actor: Injected[Actor], audit_log: Injected[AuditLog]
    ) -> None:
        """Called by the gateway before it requests an administrative action from another service."""
        await audit_log.record_request(actor, data.action, data.details)
