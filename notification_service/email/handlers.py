"""Handlers of the events that are emailed."""

from collections.abc import Callable
from datetime import UTC, datetime

from notification_service.email.sender import EmailSender
from notification_service.email.templates import EmailTemplates
from shared.contracts.events import (
    ConversionCompleted,
    ConversionFailed,
    EmailChanged,
    EmailVerificationRequested,
    PasswordChanged,
    PasswordResetRequested,
)
from shared.logs import get_logger
from shared.messaging.errors import Reject
from shared.messaging.handlers import Delivery, Handlers
from shared.messaging.subscriptions import NOTIFICATION_MAIL


def utc_now() -> datetime:
    return datetime.now(UTC)


class EmailHandlers:
    """Sends the email of each event; an expired account link is rejected, a missing recipient skipped."""

    def __init__(
        self, templates: EmailTemplates, sender: EmailSender, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._templates = templates
        self._sender = sender
        self._now = now

    async def completed(self, event: ConversionCompleted, delivery: Delivery) -> None:
        if _has_recipient(event, delivery):
            await self._sender.send(delivery.envelope, lambda: self._templates.render_completed(event))

    async def failed(self, event: ConversionFailed, delivery: Delivery) -> None:
        if _has_recipient(event, delivery):
            await self._sender.send(delivery.envelope, lambda: self._templates.render_failed(event))

    async def verify(self, event: EmailVerificationRequested, delivery: Delivery) -> None:
        self._reject_expired(event.expires_at)
        await self._sender.send(delivery.envelope, lambda: self._templates.render_verify(event))

    async def reset(self, event: PasswordResetRequested, delivery: Delivery) -> None:
        self._reject_expired(event.expires_at)
        await self._sender.send(delivery.envelope, lambda: self._templates.render_reset(event))

    async def password_changed(self, event: PasswordChanged, delivery: Delivery) -> None:
        await self._sender.send(delivery.envelope, lambda: self._templates.render_password_changed(event))

    async def email_changed(self, event: EmailChanged, delivery: Delivery) -> None:
        await self._sender.send(delivery.envelope, lambda: self._templates.render_email_changed(event))

    def _reject_expired(self, expires_at: datetime) -> None:
        """Raises Reject if the link of the email has expired."""
        if expires_at <= self._now():
            raise Reject("the link of the email expired before it could be sent")


def _has_recipient(event: ConversionCompleted | ConversionFailed, delivery: Delivery) -> bool:
    if not event.recipient:
        get_logger(__name__).info("event has no recipient, no email sent", event_id=delivery.envelope.id)
    return bool(event.recipient)


def email_handlers(handlers: EmailHandlers) -> Handlers:
    """Maps each event of the mail queue to its handler. Raises MissingHandler if one is missing."""
    return Handlers(
        {
            ConversionCompleted: handlers.completed,
            ConversionFailed: handlers.failed,
            EmailVerificationRequested: handlers.verify,
            PasswordResetRequested: handlers.reset,
            PasswordChanged: handlers.password_changed,
            EmailChanged: handlers.email_changed,
        },
        expected=NOTIFICATION_MAIL.events,
    )
