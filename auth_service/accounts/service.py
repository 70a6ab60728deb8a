"""Changes that users make to their own account, each confirmed by the password (ASVS 5.0 §7.5.1)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from auth_service.database.engine import Database, Transaction
from auth_service.database.outbox import EventWriter
from auth_service.errors import EmailTaken, InvalidCredentials, LastAdministrator
from auth_service.mailer.mail_token import Purpose
from auth_service.mailer.repository import MailTokenRepository
from auth_service.mailer.service import AccountMailer
from auth_service.oauth.repository import HandoverRepository
from auth_service.passwords.new_password import NewPasswords
from auth_service.passwords.service import PasswordAuthenticator
from auth_service.sessions.revocation import Revocation
from auth_service.throttle.client import Client
from auth_service.tokens.access_token import AccessClaims
from auth_service.users.address import parse_email_field
from auth_service.users.model import User
from auth_service.users.repository import UserRepository
from shared.contracts.events import AccountDeleted, EmailChanged, PasswordChanged
from shared.errors import InvalidToken


@dataclass(frozen=True)
class OwnAccount:
    """Password change, address change and deletion of an account by its owner.

    All methods raise InvalidCredentials for a wrong password, RateLimited and Overloaded.
    """

    database: Database
    authenticator: PasswordAuthenticator
    new_passwords: NewPasswords
    mailer: AccountMailer
    revocation: Revocation
    events: EventWriter
    now: Callable[[], datetime]

    async def change_password(
        self, claims: AccessClaims, current: str, password: str, client: Client
    ) -> None:
        """Sets a new password and revokes all other sessions (ASVS 5.0 §6.2.3, §7.4.3). Raises
        WeakPassword.
        """
        authenticated = await self._authenticate(claims.sub, current, client)
        new_hash = await self.new_passwords.hash(password, authenticated.email)
        async with self.database.transaction() as transaction:
            user = await _lock_unchanged(transaction, authenticated)
            user.password_hash = new_hash
            await HandoverRepository(transaction).delete_all(user.id)
            await MailTokenRepository(transaction).delete(user.id, Purpose.RESET_PASSWORD)
            notice = PasswordChanged(user_id=str(user.id), recipient=user.email, changed_at=self.now())
            await self.mailer.notify(
                transaction, notice, user.email_canonical, verified=user.email_verified_at is not None
            )
            await self.revocation.revoke_sessions(transaction, user.id, keep=claims.sid)
        self.events.wake_relay()

    async def change_email(self, claims: AccessClaims, current: str, email: str, client: Client) -> User:
        """Sets an unverified address, mails a verification link to it and a notice to the old one.

        Raises InvalidRequest, EmailTaken.
        """
        address = parse_email_field(email)
        authenticated = await self._authenticate(claims.sub, current, client)
        async with self.database.transaction() as transaction:
            user = await _lock_unchanged(transaction, authenticated)
            if address.canonical == user.email_canonical:
                user.email = address.written
                return user
            notice = EmailChanged(user_id=str(user.id), recipient=user.email, changed_at=self.now())
            old, verified = user.email_canonical, user.email_verified_at is not None
            if not await UserRepository(transaction).change_address(user, address.written, address.canonical):
                raise EmailTaken
            await self.mailer.notify(transaction, notice, old, verified=verified)
            # Links mailed to the old address become invalid.
            for purpose in Purpose:
                await MailTokenRepository(transaction).delete(user.id, purpose)
            await self.mailer.request(transaction, Purpose.VERIFY_EMAIL, address.canonical)
        self.mailer.wake()
        self.events.wake_relay()
        return user

    async def delete(self, claims: AccessClaims, password: str, client: Client) -> None:
        """Deletes the account; an event makes other services delete its data. Raises LastAdministrator."""
        authenticated = await self._authenticate(claims.sub, password, client)
        async with self.database.transaction() as transaction:
            users = UserRepository(transaction)
            if await users.lock_administrators() == {authenticated.id}:
                raise LastAdministrator
            user = await _lock_unchanged(transaction, authenticated)
            await self.revocation.revoke_account(transaction, user.id)
            await self.events.write(transaction, AccountDeleted(user_id=str(user.id)), user.id)
            await users.delete(user.id)
        self.events.wake_relay()

    async def _authenticate(self, user_id: UUID, password: str, client: Client) -> User:
        async with self.database.transaction() as transaction:
            user = await UserRepository(transaction).find(user_id)
        if user is None:
            raise InvalidToken
        return await self.authenticator.reauthenticate(user, password, client)


async def _lock_unchanged(transaction: Transaction, authenticated: User) -> User:
    """Locks the account. Raises InvalidCredentials if its password has changed since authentication."""
    user = await UserRepository(transaction).lock(authenticated.id)
    if user is None or user.disabled_at or user.password_hash != authenticated.password_hash:
        raise InvalidCredentials
    return user
