"""Which letter tells of which event."""

from collections.abc import Callable
from datetime import UTC, datetime

from notification_service.email.sender import Courier
from notification_service.email.templates import Letters
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


class Notifications:
    """Tells the owner of a conversion how it ended, hands the secrets of account mails to their addressees,
    and tells them of changes that may not have been theirs.
    """

    def __init__(self, letters: Letters, courier: Courier, now: Callable[[], datetime] = utc_now) -> None:
        self._letters = letters
        self._courier = courier
        self._now = now

    async def completed(self, event: ConversionCompleted, delivery: Delivery) -> None:
        if _wants_mail(event, delivery):
            await self._courier.deliver(delivery.envelope, lambda: self._letters.completed(event))

    async def failed(self, event: ConversionFailed, delivery: Delivery) -> None:
        if _wants_mail(event, delivery):
            await self._courier.deliver(delivery.envelope, lambda: self._letters.failed(event))

    async def verify(self, event: EmailVerificationRequested, delivery: Delivery) -> None:
        self._refuse_late(event.expires_at)
        await self._courier.deliver(delivery.envelope, lambda: self._letters.verify(event))

    async def reset(self, event: PasswordResetRequested, delivery: Delivery) -> None:
        self._refuse_late(event.expires_at)
        await self._courier.deliver(delivery.envelope, lambda: self._letters.reset(event))

    async def password_changed(self, event: PasswordChanged, delivery: Delivery) -> None:
        await self._courier.deliver(delivery.envelope, lambda: self._letters.password_changed(event))

    async def email_changed(self, event: EmailChanged, delivery: Delivery) -> None:
        await self._courier.deliver(delivery.envelope, lambda: self._letters.email_changed(event))

    def _refuse_late(self, expires_at: datetime) -> None:
        """Raises Reject: nobody is helped by a link that is over before it arrives."""
        if expires_at <= self._now():
            raise Reject("its link expired before a mail server took it")


def _wants_mail(event: ConversionCompleted | ConversionFailed, delivery: Delivery) -> bool:
    if not event.recipient:
        get_logger(__name__).info("nobody to tell", event_id=delivery.envelope.id)
    return bool(event.recipient)


def handlers(notifications: Notifications) -> Handlers:
    """Raises MissingHandler when the mail queue brings an event that no letter tells of."""
    return Handlers(
        {
            ConversionCompleted: notifications.completed,
            ConversionFailed: notifications.failed,
            EmailVerificationRequested: notifications.verify,
            PasswordResetRequested: notifications.reset,
            PasswordChanged: notifications.password_changed,
            EmailChanged: notifications.email_changed,
        },
        expected=NOTIFICATION_MAIL.events,
    )
