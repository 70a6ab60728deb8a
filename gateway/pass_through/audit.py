"""Audit log entries of pass-through routes."""

from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.clients.audit_log import AuditLog
from gateway.identity.auth_guard import principal_of
from gateway.pass_through.upstream import AnyRequest
from gateway.proxy.path_segments import require_plain
from shared.http import Injected


class Audit(msgspec.Struct, frozen=True):
    """An entry of the audit log that is recorded before the request is passed on. `details` maps each name in
    the entry to the path or query parameter with its value.
    """

    action: str
    details: Mapping[str, str] = msgspec.field(default_factory=dict)


def audit_parameters(audit: Audit | None) -> dict[str, Any]:
    return {} if audit is None else {"audit_log": Injected[AuditLog]}


async def record(request: AnyRequest, audit: Audit | None, given: Mapping[str, Any]) -> None:
    if audit is None:
        return
    log: AuditLog = given["audit_log"]
    values = {**given, **{name: require_plain(str(value)) for name, value in request.path_params.items()}}
    details = {name: values[source] for name, source in audit.details.items() if values[source] is not None}
    await log.record(principal_of(request), audit.action, details)
