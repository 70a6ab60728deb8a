"""The audit log."""

from litestar import Controller

from gateway.modules.administration.schemas import AuditQuery
from gateway.openapi.problem_responses import NO_STORE
from gateway.pass_through import forward
from shared.contracts.administration import AuditPage


class AuditController(Controller):
    path = "/v1/admin/audit"
    tags = ["administration"]  # noqa: RUF012 - Litestar's own form
    cache_control = NO_STORE

    audit = forward(
        "GET",
        query=AuditQuery,
        answer=AuditPage,
        summary="List actions of administrators, newest first",
        operation_id="list_audit",
        problems=(400, 401, 403),
    )
