"""Decides which emails are sent: bounds for each recipient, and no mail to those who declined."""

from collections.abc import Sequence
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
from shared.mailbox import address_digest, mailbox_digest

DAY: Final = timedelta(days=1)
ONCE_A_DAY: Final = (Bound(1, DAY),)
# A mailbox gets as many mails with links as this number of addresses, while they are not verified.
ADDRESSES_OF_A_MAILBOX: Final = 6


class RecipientLimits(msgspec.Struct, frozen=True):
    """Result emails to one mailbox: in a day, and to an unverified address in a day and in all. Mails about
    unverified accounts have the bound of a day as well.
    """

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
        self._accounts = (Bound(limits.unverified_per_day, DAY),)
        self._links = (Bound(ADDRESSES_OF_A_MAILBOX * limits.unverified_per_day, DAY),)
        self._unverified = (Bound(limits.unverified_per_day, DAY), Bound(limits.unverified_total, None))

    async def refusal(self, event: EmailEvent, event_id: str) -> str | None:
        """Why the email is not sent; None for one that is. Raises Unavailable."""
        mailbox = mailbox_digest(event.recipient)
        match event:
            case ConversionCompleted() | ConversionFailed():
                return await self._result_refusal(event, event_id, mailbox)
            case EmailVerificationRequested():
                return await self._account_refusal(event, event_id, mailbox)
            case _ if event.recipient_verified is False:
                return await self._account_refusal(event, event_id, mailbox)
            case _:
                return None

    async def _account_refusal(self, event: EmailEvent, event_id: str, mailbox: str) -> str | None:
        """Of mails about an account whose address is not verified. Those with links are counted by kind and
        full address, so that mails to the tags of a mailbox do not keep its reader from an account.

        A mailbox that has declined gets only resets of a password, one a day to each address: the way back
        for a reader who wants an account after all.
        """
        address = f"{event.type} {address_digest(event.recipient)}"
        if await self._declined.contains(mailbox):
            is_reset = isinstance(event, PasswordResetRequested)
            admitted = is_reset and await self._recipients.admit(f"declined {address}", event_id, ONCE_A_DAY)
            return None if admitted else "declined"
        counters: Sequence[tuple[str, Sequence[Bound]]]
        if isinstance(event, EmailVerificationRequested | PasswordResetRequested):
            counters = ((address, self._accounts), (f"links {mailbox}", self._links))
        else:
            counters = ((f"notices {mailbox}", self._accounts),)
        for key, bounds in counters:
            if not await self._recipients.admit(key, event_id, bounds):
                return "unverified_limit"
        return None

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
