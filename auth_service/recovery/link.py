"""Mailed links: their account, and their use."""

from datetime import datetime

from auth_service.database.engine import Transaction
from auth_service.errors import InvalidLink
from auth_service.mailer.mail_token import Purpose, fingerprint
from auth_service.mailer.model import MailToken
from auth_service.mailer.repository import MailTokenRepository
from auth_service.users.address import canonical
from auth_service.users.model import User
from auth_service.users.repository import UserRepository


async def use_link(transaction: Transaction, secret: str, purpose: Purpose, now: datetime) -> User:
    """Spends the token and locks its account.

    Raises InvalidLink if the token is unknown, used or expired, or the account is disabled or has another
    address by now.
    """
    token = await MailTokenRepository(transaction).use(fingerprint(secret, purpose), purpose, now)
    user = await UserRepository(transaction).lock(token.user_id) if token else None
    return _checked(user, token)


async def find_owner(transaction: Transaction, secret: str, purpose: Purpose, now: datetime) -> User:
    """The account of a token that stays usable. Raises InvalidLink as `use_link` does."""
    token = await MailTokenRepository(transaction).find(fingerprint(secret, purpose), purpose, now)
    user = await UserRepository(transaction).find(token.user_id) if token else None
    return _checked(user, token)


def _checked(user: User | None, token: MailToken | None) -> User:
    if token is None or user is None or user.disabled_at or _address(user, token) != token.address:
        raise InvalidLink
    return user


def _address(user: User, token: MailToken) -> str | None:
    """The address that the link was mailed to, unless the account has another one by now."""
    if token.purpose != Purpose.CHANGE_EMAIL:
        return user.email_canonical
    return canonical(user.pending_email) if user.pending_email else None
