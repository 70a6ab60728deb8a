"""Use of a mailed link."""

from datetime import datetime

from auth_service.database.engine import Transaction
from auth_service.errors import InvalidLink
from auth_service.mailer.mail_token import Purpose, fingerprint
from auth_service.mailer.repository import MailTokenRepository
from auth_service.users.model import User
from auth_service.users.repository import UserRepository


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
