"""Recording of the events from which notification_service sends account mails."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TypeVar

from shared.contracts.events import (
    EmailChanged,
    EmailVerificationRequested,
    Event,
    PasswordChanged,
    PasswordRemoved,
    PasswordResetRequested,
    SecurityEventOccurred,
)
from shared.messaging.handlers import Delivery, Handlers
from shared.messaging.ports import Broker
from shared.messaging.subscriptions import NOTIFICATION_MAIL
from tests.support.wait import until

MailEvent = TypeVar(
    "MailEvent",
    EmailVerificationRequested,
    PasswordResetRequested,
    PasswordChanged,
    PasswordRemoved,
    EmailChanged,
    SecurityEventOccurred,
)
Secret = TypeVar("Secret", EmailVerificationRequested, PasswordResetRequested)


class AccountMails:
    """The recorded events and their ids, in order."""

    def __init__(self) -> None:
        self.all: list[Event] = []
        self.ids: list[str] = []

    def of(self, kind: type[MailEvent], email: str) -> list[MailEvent]:
        return [each for each in self.all if isinstance(each, kind) and each.recipient == email]

    async def verification(self, email: str, number: int = 1) -> str:
        """The token of the numbered verification mail to an address; the registration's mail is number 1."""
        return await self._secret(EmailVerificationRequested, email, number)

    async def reset(self, email: str, number: int = 1) -> str:
        return await self._secret(PasswordResetRequested, email, number)

    async def notice(self, kind: type[MailEvent], email: str) -> MailEvent:
        """The first notice of a kind to an address; waits for it."""
        await until(lambda: self.of(kind, email), what=f"a notice to {email}")
        return self.of(kind, email)[0]

    async def _secret(self, kind: type[Secret], email: str, number: int) -> str:
        await until(lambda: len(self.of(kind, email)) >= number, what=f"mail {number} to {email}")
        return self.of(kind, email)[number - 1].token


@asynccontextmanager
async def recorded_mails(broker: Broker) -> AsyncIterator[AccountMails]:
    mails = AccountMails()

    async def read(event: Event, delivery: Delivery) -> None:
        mails.all.append(event)
        mails.ids.append(delivery.envelope.id)

    kinds = NOTIFICATION_MAIL.events
    consumer = broker.consumer(NOTIFICATION_MAIL, Handlers(dict.fromkeys(kinds, read), expected=kinds))
    running = asyncio.create_task(consumer.run())
    try:
        yield mails
    finally:
        await consumer.stop(timedelta(seconds=1))
        await running
