"""Account mails as the notification service gets to know of them."""

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
    PasswordResetRequested,
)
from shared.messaging.handlers import Delivery, Handlers
from shared.messaging.ports import Broker
from shared.messaging.subscriptions import NOTIFICATION_MAIL
from tests.support.wait import until

Letter = TypeVar("Letter", EmailVerificationRequested, PasswordResetRequested, PasswordChanged, EmailChanged)
Secret = TypeVar("Secret", EmailVerificationRequested, PasswordResetRequested)


class Letters:
    """All that were asked for, in order."""

    def __init__(self) -> None:
        self.all: list[Event] = []

    def of(self, kind: type[Letter], email: str) -> list[Letter]:
        return [each for each in self.all if isinstance(each, kind) and each.recipient == email]

    async def verification(self, email: str, number: int = 1) -> str:
        """The secret of the address's letter of that number, the first being the registration's."""
        return await self._secret(EmailVerificationRequested, email, number)

    async def reset(self, email: str, number: int = 1) -> str:
        return await self._secret(PasswordResetRequested, email, number)

    async def notice(self, kind: type[Letter], email: str) -> Letter:
        """The first of that kind."""
        await until(lambda: self.of(kind, email), what=f"a notice to {email}")
        return self.of(kind, email)[0]

    async def _secret(self, kind: type[Secret], email: str, number: int) -> str:
        await until(lambda: len(self.of(kind, email)) >= number, what=f"letter {number} to {email}")
        return self.of(kind, email)[number - 1].token


@asynccontextmanager
async def reading(broker: Broker) -> AsyncIterator[Letters]:
    letters = Letters()

    async def read(event: Event, _: Delivery) -> None:
        letters.all.append(event)

    kinds = NOTIFICATION_MAIL.events
    consumer = broker.consumer(NOTIFICATION_MAIL, Handlers(dict.fromkeys(kinds, read), expected=kinds))
    running = asyncio.create_task(consumer.run())
    try:
        yield letters
    finally:
        await consumer.stop(timedelta(seconds=1))
        await running
