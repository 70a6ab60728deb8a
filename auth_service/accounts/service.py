"""Changes that users make to their own account (ASVS 5.0 §7.5.1)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from auth_service.audit.activity.caller import Caller
from auth_service.audit.activity.event import Event
from auth_service.audit.activity.service import ActivityLog
from auth_service.database.engine import Database, Transaction
from auth_service.database.outbox import EventWriter
from auth_service.errors import InvalidCredentials, LastAdministrator
from auth_service.factors.proofs import FactorProofs
from auth_service.mailer.mail_token import Purpose
from auth_service.mailer.repository import MailTokenRepository
from auth_service.mailer.service import AccountMailer
from auth_service.oauth.repository import HandoverRepository
from auth_service.passwords.new_password import NewPasswords
from auth_service.passwords.service import PasswordAuthenticator
from auth_service.sessions.revocation import Revocation
from auth_service.users.address import parse_email_field
from auth_service.users.model import User
from auth_service.users.repository import UserRepository
from shared.contracts.events import AccountDeleted, PasswordChanged
from shared.errors import InvalidToken


@dataclass(frozen=True)
class OwnAccount:
    """Password change, address change and deletion of an account by its owner.

    All methods raise InvalidCredentials for a wrong password, RateLimited, Overloaded, and ProofRequired or
    FactorProofRequired: an account with a second factor needs a fresh proof by one.
    """

    database: Database
    authenticator: PasswordAuthenticator
    proofs: FactorProofs
    new_passwords: NewPasswords
    mailer: AccountMailer
    revocation: Revocation
    activity: ActivityLog
    events: EventWriter
    now: Callable[[], datetime]

    async def change_password(self, caller: Caller, current: str, password: str) -> None:
        """Sets a new password and revokes all other sessions (ASVS 5.0 §6.2.3, §7.4.3). A change of the
        address that was requested before, perhaps by another person, is withdrawn. Raises WeakPassword.
        """
        authenticated = await self._authenticate(caller, current)
        new_hash = await self.new_passwords.hash(password, authenticated.email)
        async with self.database.transaction() as transaction:
            user = await _lock_unchanged(transaction, authenticated)
            user.password_hash, user.pending_email = new_hash, None
            await HandoverRepository(transaction).delete_all(user.id)
            for purpose in (Purpose.RESET_PASSWORD, Purpose.CHANGE_EMAIL):
                await MailTokenRepository(transaction).delete(user.id, purpose)
            notice = PasswordChanged(user_id=str(user.id), recipient=user.email, changed_at=self.now())
            await self.mailer.notify(
                transaction, notice, user.email_canonical, verified=user.email_verified_at is not None
            )
            await self.revocation.revoke_sessions(transaction, user.id, keep=caller.session_id)
            await self.activity.record_call(transaction, Event.PASSWORD_CHANGED, caller)
        self.events.wake_relay()

    async def change_email(self, caller: Caller, current: str | None, email: str) -> User:
        """Asks for another address, which replaces the present one when the link mailed to it is confirmed;
        a notice goes to the present one. The present address itself ends an earlier change.

        The answer is the same for an address that has an account: its owner is told by mail. Raises
        InvalidRequest.
        """
        address = parse_email_field(email)
        await self.proofs.require(caller, current)
        async with self.database.transaction() as transaction:
            user = await UserRepository(transaction).lock(caller.user_id)
            if user is None or user.disabled_at:
                raise InvalidToken
            await MailTokenRepository(transaction).delete(user.id, Purpose.CHANGE_EMAIL)
            if address.canonical == user.email_canonical:
                user.email, user.pending_email = address.written, None
                return user
            user.pending_email = address.written
            await self.mailer.request_change(transaction, user, address.canonical)
            await self.mailer.notify_of(transaction, Event.EMAIL_CHANGE_REQUESTED, user)
            await self.activity.record_call(transaction, Event.EMAIL_CHANGE_REQUESTED, caller)
        self.mailer.wake()
        self.events.wake_relay()
        return user

    async def delete(self, caller: Caller, password: str) -> None:
        """Deletes the account; an event makes other services delete its data. Raises LastAdministrator."""
        authenticated = await self._authenticate(caller, password)
        async with self.database.transaction() as transaction:
            users = UserRepository(transaction)
            if await users.lock_administrators() == {authenticated.id}:
                raise LastAdministrator
            user = await _lock_unchanged(transaction, authenticated)
            await self.revocation.revoke_account(transaction, user.id)
            await self.events.write(transaction, AccountDeleted(user_id=str(user.id)), user.id)
            await users.delete(user.id)
            await self.activity.record_call(transaction, Event.ACCOUNT_DELETED, caller)
        self.events.wake_relay()

    async def _authenticate(self, caller: Caller, password: str) -> User:
        async with self.database.transaction() as transaction:
            user = await UserRepository(transaction).find(caller.user_id)
        if user is None:
            raise InvalidToken
        authenticated = await self.authenticator.reauthenticate(user, password, caller.client)
        await self.proofs.require_factor(caller)
        return authenticated


async def _lock_unchanged(transaction: Transaction, authenticated: User) -> User:
    """Locks the account. Raises InvalidCredentials if its password has changed since authentication."""
    user = await UserRepository(transaction).lock(authenticated.id)
    if user is None or user.disabled_at or user.password_hash != authenticated.password_hash:
        raise InvalidCredentials
    return user
