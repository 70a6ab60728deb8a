"""Mailed links: requests for them, email verification, and their use."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from auth_service.database.engine import Database, Transaction
from auth_service.errors import InvalidLink
from auth_service.mailer.mail_token import Purpose, fingerprint
from auth_service.mailer.repository import MailTokenRepository
from auth_service.mailer.service import AccountMailer
from auth_service.users.address import BadAddress, canonical
from auth_service.users.repository import User, UserRepository


async def use_link(transaction: Transaction, secret: str, purpose: Purpose, now: datetime) -> User:
    """Spends the token and locks its account.

    Raises InvalidLink if the token is unknown, used or expired, or the account is disabled or has another
    address by now.
    """
    token = await MailTokenRepository(transaction).use(fingerprint(secret, purpose), purpose, now)
    user = await UserRepository(transaction).lock(token.user_id) if token else None
    if token is None or user is None or user.disabled_at or user.email_canonical != token.address:
        raise InvalidLink
    return user


@dataclass(frozen=True)
class MailedLinks:
    database: Database
    mailer: AccountMailer
    now: Callable[[], datetime]

    async def request(self, purpose: Purpose, email: str) -> None:
        """Requests a mail, in the same way with and without an account; malformed addresses are ignored."""
        try:
            address = canonical(email)
        except BadAddress:
            return
        async with self.database.transaction() as transaction:
            await self.mailer.request(transaction, purpose, address)
        self.mailer.wake()

    async def verify_email(self, secret: str) -> None:
        """Marks the address as verified. Raises InvalidLink."""
        async with self.database.transaction() as transaction:
            user = await use_link(transaction, secret, Purpose.VERIFY_EMAIL, self.now())
            user.email_verified_at = user.email_verified_at or self.now()
            await MailTokenRepository(transaction).delete(user.id, Purpose.VERIFY_EMAIL)
