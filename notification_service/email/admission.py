"""Decides which emails are sent: bounds for each recipient, and no mail to those who declined."""

from datetime import timedelta
from typing import Final

import msgspec

from notification_service.admissions import Admissions, Bound
from notification_service.email.declines import Declined
from notification_service.email.templates import EmailEvent
from shared.contracts.events import (
    ConversionCompleted,
    ConversionFailed,
    EmailVerificationRequested,
    PasswordResetRequested,
)
from shared.mailbox import mailbox_digest

DAY: Final = timedelta(days=1)
ONCE_A_DAY: Final = (Bound(1, DAY),)


class RecipientLimits(msgspec.Struct, frozen=True):
    """Result emails to one mailbox: in a day, and to an unverified address in a day and in all."""

    per_day: int
    unverified_per_day: int
    unverified_total: int


class EmailAdmission:
    """Counts by mailbox and not by account, because one reader may be the target of many accounts.

    The events of older producers do not say whether the address is verified (None). Only the bound for every
    recipient applies to them.
    """

    def __init__(
        self, recipients: Admissions, failures: Admissions, declined: Declined, limits: RecipientLimits
    ) -> None:
        self._recipients, self._failures, self._declined = recipients, failures, declined
        self._every = (Bound(limits.per_day, DAY),)
        self._unverified = (Bound(limits.unverified_per_day, DAY), Bound(limits.unverified_total, None))

    async def refusal(self, event: EmailEvent, event_id: str) -> str | None:
        """Why the email is not sent; None for one that is. Raises Unavailable."""
        mailbox = mailbox_digest(event.recipient)
        match event:
            case ConversionCompleted() | ConversionFailed():
                return await self._result_refusal(event, event_id, mailbox)
            case PasswordResetRequested():  # the way back for those who want an account after all
                return None
            case EmailVerificationRequested():
                is_unverified = True
            case _:
                is_unverified = event.recipient_verified is False
        return "declined" if is_unverified and await self._declined.contains(mailbox) else None

    async def _result_refusal(
        self, event: ConversionCompleted | ConversionFailed, event_id: str, mailbox: str
    ) -> str | None:
        if event.recipient_verified is False and await self._declined.contains(mailbox):
            return "declined"
        if isinstance(event, ConversionFailed):
            failure = f"{event.conversion_id} {event.code}"
            if not await self._failures.admit(failure, event_id, ONCE_A_DAY):
                return "repeated_failure"
        if not await self._recipients.admit(mailbox, event_id, self._every):
            return "recipient_limit"
        if event.recipient_verified is False:
            unverified = f"unverified {mailbox}"
            if not await self._recipients.admit(unverified, event_id, self._unverified):
                return "unverified_limit"
        return None
