"""Handler of the events that are emailed."""

from functools import partial
from typing import get_args

from notification_service.email.admission import EmailAdmission
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


def email_handlers(templates: EmailTemplates, sender: EmailSender, admission: EmailAdmission) -> Handlers:
    """Maps every event of the mail queue to its email. Raises MissingHandler if the queue has others."""

    async def send(event: EmailEvent, delivery: Delivery) -> None:
        """Skips a conversion without a recipient. Raises Reject if the link of the email has expired."""
        match event:
            case EmailVerificationRequested() | PasswordResetRequested() if event.expires_at <= utc_now():
                raise Reject("the link of the email expired before it could be sent")
            case ConversionCompleted() | ConversionFailed() if not event.recipient:
                get_logger(__name__).info(
                    "event has no recipient, no email sent", event_id=delivery.envelope.id
                )
            case _:
                await sender.send(
                    delivery.envelope, lambda: templates.render(event), partial(admission.refusal, event)
                )

    return Handlers(dict.fromkeys(get_args(EmailEvent), send), expected=NOTIFICATION_MAIL.events)
