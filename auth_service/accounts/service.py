"""What people change about their own account. Each change asks for the password again (ASVS 5.0 §7.5.1)."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from auth_service.accounts.registration import checked_address
from auth_service.errors import EmailTaken, InvalidCredentials, LastAdministrator, TokenRefused
from auth_service.mailer.mail_token import Purpose
from auth_service.mailer.service import Postman
from auth_service.models import User
from auth_service.passwords.authenticator import Proof
from auth_service.passwords.new_password import NewPasswords
from auth_service.repository import Repository, Store
from auth_service.sessions.revocation import Revoking
from auth_service.throttle.client import Client
from auth_service.tokens.access_token import AccessClaims
from shared.contracts.events import AccountDeleted, EmailChanged, PasswordChanged


class OwnAccount:
    """All raise InvalidCredentials for a wrong password, RateLimited and Overloaded."""

    def __init__(
        self,
        *,
        store: Store,
        proof: Proof,
        new_passwords: NewPasswords,
        postman: Postman,
        revoking: Revoking,
        now: Callable[[], datetime],
        announced: Callable[[], None],
    ) -> None:
        self._store = store
        self._proof = proof
        self._new_passwords = new_passwords
        self._postman = postman
        self._revoking = revoking
        self._now = now
        self._announced = announced

    async def change_password(
        self, claims: AccessClaims, current: str, password: str, client: Client
    ) -> None:
        """All other sessions end (ASVS 5.0 §6.2.3, §7.4.3). Raises WeakPassword."""
        proven = await self._proven(claims.sub, current, client)
        new_hash = await self._new_passwords.hashed(password, proven.email)
        async with self._store.transaction() as repository:
            user = await _unchanged(repository, proven)
            user.password_hash = new_hash
            await repository.attempts.forget(user.id)
            await repository.mails.drop_tokens(user.id, Purpose.RESET_PASSWORD)
            notice = PasswordChanged(user_id=str(user.id), recipient=user.email, changed_at=self._now())
            await self._postman.tell(
                repository, notice, user.email_canonical, verified=user.email_verified_at is not None
            )
            await self._revoking.sessions(repository, user.id, keep=claims.sid)
        self._announced()

    async def change_email(self, claims: AccessClaims, current: str, email: str, client: Client) -> User:
        """The new address is unverified until its link is followed; the old one is told.

        Raises InvalidRequest, EmailTaken.
        """
        address = checked_address(email)
        proven = await self._proven(claims.sub, current, client)
        async with self._store.transaction() as repository:
            user = await _unchanged(repository, proven)
            if address == user.email_canonical:
                user.email = email
                return user
            notice = EmailChanged(user_id=str(user.id), recipient=user.email, changed_at=self._now())
            old, verified = user.email_canonical, user.email_verified_at is not None
            if not await repository.users.move(user, email, address):
                raise EmailTaken
            await self._postman.tell(repository, notice, old, verified=verified)
            # Links in the old mailbox are worth nothing any more.
            for purpose in Purpose:
                await repository.mails.drop_tokens(user.id, purpose)
            await self._postman.ask(repository, Purpose.VERIFY_EMAIL, address)
        self._postman.wake()
        self._announced()
        return user

    async def delete(self, claims: AccessClaims, password: str, client: Client) -> None:
        """With all it owns; what other services keep follows by an event. Raises LastAdministrator."""
        proven = await self._proven(claims.sub, password, client)
        async with self._store.transaction() as repository:
            if await repository.users.administrators() == {proven.id}:
                raise LastAdministrator
            user = await _unchanged(repository, proven)
            await self._revoking.account(repository, user.id)
            await self._revoking.announce(repository, AccountDeleted(user_id=str(user.id)), user.id)
            await repository.users.delete(user.id)
        self._announced()

    async def _proven(self, user_id: UUID, password: str, client: Client) -> User:
        async with self._store.transaction() as repository:
            user = await repository.users.get(user_id)
        if user is None:
            raise TokenRefused
        return await self._proof.again(user, password, client)


async def _unchanged(repository: Repository, proven: User) -> User:
    """Locked. Raises InvalidCredentials when the password proven a moment ago is no longer the account's."""
    user = await repository.users.locked(proven.id)
    if user is None or user.disabled_at or user.password_hash != proven.password_hash:
        raise InvalidCredentials
    return user
