"""Handler of the events that are emailed."""

from collections.abc import Callable
from datetime import datetime
from typing import get_args

from notification_service.email.sender import EmailSender
from notification_service.email.templates import EmailEvent, EmailTemplates
from shared.clock import utc_now
from shared.contracts.events import (
    ConversionCompleted,
    ConversionFailed,
    EmailVerificationRequested,
    PasswordResetRequested,
)
from shared.logs import get_logger
from shared.messaging.errors import Reject
from shared.messaging.handlers import Delivery, Handlers
from shared.messaging.subscriptions import NOTIFICATION_MAIL


class EmailHandler:
    """Sends the email of an event."""

    def __init__(
        self, templates: EmailTemplates, sender: EmailSender, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._templates, self._sender, self._now = templates, sender, now

    async def handle(self, event: EmailEvent, delivery: Delivery) -> None:
        """Skips a conversion without a recipient. Raises Reject if the link of the email has expired."""
        match event:
            case EmailVerificationRequested() | PasswordResetRequested() if event.expires_at <= self._now():
                raise Reject("the link of the email expired before it could be sent")
            case ConversionCompleted() | ConversionFailed() if not event.recipient:
                get_logger(__name__).info(
                    "event has no recipient, no email sent", event_id=delivery.envelope.id
                )
            case _:
                await self._sender.send(delivery.envelope, lambda: self._templates.render(event))


def email_handlers(handler: EmailHandler) -> Handlers:
    """Maps every event of the mail queue to the handler. Raises MissingHandler if the queue has others."""
    return Handlers(dict.fromkeys(get_args(EmailEvent), handler.handle), expected=NOTIFICATION_MAIL.events)
