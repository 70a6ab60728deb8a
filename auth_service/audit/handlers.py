"""Event handlers: command-line actions in other services are added to the audit log."""

from auth_service.audit.service import AuditLog
from shared.contracts.events import OperatorActed
from shared.errors import Unavailable
from shared.messaging.errors import Retry
from shared.messaging.handlers import Delivery, Handlers
from shared.messaging.subscriptions import AUTH_AUDIT

RETRY_PAUSE_S = 5.0


def audit_handlers(audit_log: AuditLog) -> Handlers:
    async def record(event: OperatorActed, delivery: Delivery) -> None:
        envelope = delivery.envelope
        try:
            await audit_log.record_operator_action(envelope.id, envelope.time, event.action, event.details)
        except Unavailable as error:
            raise Retry(RETRY_PAUSE_S, str(error), counts=False) from error

    return Handlers({OperatorActed: record}, expected=AUTH_AUDIT.events)
