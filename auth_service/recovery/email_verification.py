"""Email verification by a mailed link."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from auth_service.database.engine import Database
from auth_service.mailer.mail_token import Purpose
from auth_service.mailer.repository import MailTokenRepository
from auth_service.recovery.link import use_link


@dataclass(frozen=True)
class EmailVerification:
    database: Database
    now: Callable[[], datetime]

    async def verify(self, secret: str) -> None:
        """Marks the address as verified. Raises InvalidLink."""
        async with self.database.transaction() as transaction:
            user = await use_link(transaction, secret, Purpose.VERIFY_EMAIL, self.now())
            user.email_verified_at = user.email_verified_at or self.now()
            await MailTokenRepository(transaction).delete(user.id, Purpose.VERIFY_EMAIL)
