"""Registration of accounts."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

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


class Registration:
    """`verify_at_once` requests a verification mail for each new account; otherwise users request it."""

    def __init__(
        self,
        *,
        database: Database,
        new_passwords: NewPasswords,
        mailer: AccountMailer,
        verify_at_once: bool,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
    ) -> None:
        self._database = database
        self._new_passwords = new_passwords
        self._mailer = mailer
        self._verify_at_once = verify_at_once
        self._now = now
        self._new_id = new_id

    async def register(self, email: str, password: str, client: Client) -> User:
        """Raises InvalidRequest, WeakPassword, EmailTaken, Overloaded."""
        address = parse_email_field(email)
        user = User(
            id=self._new_id(),
            email=email,
            email_canonical=address,
            password_hash=await self._new_passwords.hash(password, email),
            roles=list(NEW_ACCOUNT_ROLES),
            created_at=self._now(),
        )
        async with self._database.transaction() as transaction:
            if not await UserRepository(transaction).add(user):
                raise EmailTaken
            await KnownNetworkRepository(transaction).remember(user.id, client.network, self._now())
            if self._verify_at_once:
                await self._mailer.request(transaction, Purpose.VERIFY_EMAIL, address)
        self._mailer.wake()
        return user
