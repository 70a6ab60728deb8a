"""Registration of accounts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from auth_service.audit.activity.event import Event
from auth_service.audit.activity.service import ActivityLog
from auth_service.database.engine import Database
from auth_service.errors import EmailTaken
from auth_service.mailer.mail_token import Purpose
from auth_service.mailer.service import AccountMailer
from auth_service.passwords.new_password import NewPasswords
from auth_service.throttle.client import Client
from auth_service.throttle.repository import KnownNetworkRepository
from auth_service.users.address import parse_email_field
from auth_service.users.model import NEW_ACCOUNT_ROLES, User
from auth_service.users.repository import UserRepository


@dataclass(frozen=True)
class Registration:
    """Creates accounts. With `verify_at_once` each one is sent a verification mail without a request."""

    database: Database
    new_passwords: NewPasswords
    mailer: AccountMailer
    activity: ActivityLog
    verify_at_once: bool
    now: Callable[[], datetime]
    new_id: Callable[[], UUID]

    async def register(self, email: str, password: str, client: Client) -> User:
        """Creates an account. Raises InvalidRequest, WeakPassword, EmailTaken, Overloaded."""
        address = parse_email_field(email)
        user = User(
            id=self.new_id(),
            email=address.written,
            email_canonical=address.canonical,
            password_hash=await self.new_passwords.hash(password, address.written),
            roles=list(NEW_ACCOUNT_ROLES),
            created_at=self.now(),
        )
        async with self.database.transaction() as transaction:
            if not await UserRepository(transaction).add(user):
                raise EmailTaken
            await self.activity.record(transaction, Event.ACCOUNT_REGISTERED, user.id, client)
            await KnownNetworkRepository(transaction).remember(user.id, client.network, self.now())
            if self.verify_at_once:
                await self.mailer.request(transaction, Purpose.VERIFY_EMAIL, address.canonical)
        self.mailer.wake()
        return user
