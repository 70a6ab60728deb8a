"""Audit log endpoints."""

from litestar import Controller, get, post
from litestar.params import JSONBody
from litestar.status_codes import HTTP_204_NO_CONTENT

from auth_service.audit.actor import Actor
from auth_service.audit.schemas import audit_page
from auth_service.audit.service import AuditLog
from auth_service.throttle.gateway import forwarded_by_the_gateway
from auth_service.users.page_cursor import Cursor, Limit, Position, decode_cursor
from shared.contracts.administration import AuditedAction, AuditPage
from shared.http import Injected


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
