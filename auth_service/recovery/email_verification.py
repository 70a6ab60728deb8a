"""Email verification by a mailed link."""

from collections.abc import Callable
from datetime import datetime

from auth_service.database.engine import Database
from auth_service.mailer.mail_token import Purpose
from auth_service.mailer.repository import MailTokenRepository
from auth_service.recovery.link import use_link


class EmailVerification:
    def __init__(self, *, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def verify(self, secret: str) -> None:
        """Marks the address as verified. Raises InvalidLink."""
        async with self._database.transaction() as transaction:
            user = await use_link(transaction, secret, Purpose.VERIFY_EMAIL, self._now())
            user.email_verified_at = user.email_verified_at or self._now()
            await MailTokenRepository(transaction).delete(user.id, Purpose.VERIFY_EMAIL)
