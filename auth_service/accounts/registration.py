"""Accounts: who gets one, and signing in."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from auth_service.errors import EmailTaken, bad_field
from auth_service.mailer.mail_token import Purpose
from auth_service.mailer.service import Postman
from auth_service.models import User
from auth_service.passwords.authenticator import Proof
from auth_service.passwords.hasher import PasswordHashing
from auth_service.passwords.new_password import NewPasswords
from auth_service.repository import Store
from auth_service.sessions.service import Sessions, TokenPair
from auth_service.throttle.client import Client
from auth_service.throttle.service import Throttle
from auth_service.tokens.issuer import AccessTokens
from auth_service.users.address import BadAddress, canonical
from shared.errors import Unavailable

NEW_ACCOUNT_ROLES = ("user",)

# How often a sign-in starts over because the account changed under it.
TRIES = 3


class Accounts:
    def __init__(
        self,
        *,
        store: Store,
        hashing: PasswordHashing,
        new_passwords: NewPasswords,
        proof: Proof,
        throttle: Throttle,
        tokens: AccessTokens,
        sessions: Sessions,
        postman: Postman,
        verify_at_once: bool,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
        announced: Callable[[], None],
    ) -> None:
        self._store = store
        self._hashing = hashing
        self._new_passwords = new_passwords
        self._proof = proof
        self._throttle = throttle
        self._tokens = tokens
        self._sessions = sessions
        self._postman = postman
        self._verify_at_once = verify_at_once
        self._now = now
        self._new_id = new_id
        self._announced = announced

    async def register(self, email: str, password: str, client: Client) -> User:
        """Raises InvalidRequest, WeakPassword, EmailTaken, Overloaded.

        Where nothing is mailed to addresses that are not verified, a mail asks to verify this one; elsewhere
        that waits until somebody wants it.
        """
        address = checked_address(email)
        user = User(
            id=self._new_id(),
            email=email,
            email_canonical=address,
            password_hash=await self._new_passwords.hashed(password, email),
            roles=list(NEW_ACCOUNT_ROLES),
            created_at=self._now(),
        )
        async with self._store.transaction() as repository:
            if not await repository.users.add(user):
                raise EmailTaken
            await repository.users.remember_network(user.id, client.network, self._now())
            if self._verify_at_once:
                await self._postman.ask(repository, Purpose.VERIFY_EMAIL, address)
        self._postman.wake()
        return user

    async def sign_in(self, email: str, password: str, client: Client) -> TokenPair:
        """Raises InvalidCredentials, RateLimited, Overloaded. A disabled account is as good as none."""
        for _ in range(TRIES):
            user = await self._proof.by_address(email, password, client)
            if self._hashing.is_outdated(user.password_hash):
                await self._rehash(user, password)
            elif pair := await self._begin(user, client):
                self._announced()  # it may have ended the oldest of too many sessions
                return pair
        raise Unavailable("The account is being changed.")

    async def _rehash(self, user: User, password: str) -> None:
        """The hash was made at another cost, and only now is the password at hand."""
        replacement = await self._hashing.create(password)
        async with self._store.transaction() as repository:
            await repository.users.replace_password_hash(user.id, user.password_hash, replacement)

    async def _begin(self, user: User, client: Client) -> TokenPair | None:
        """None when the account has changed since: no transaction is open while a password is hashed."""
        key = await self._tokens.key()
        async with self._store.transaction() as repository:
            current = await repository.users.shared(user.id)
            if current is None or current.disabled_at or current.password_hash != user.password_hash:
                return None
            await self._throttle.succeeded(repository, current.email_canonical, user.id, client.network)
            return await self._sessions.begin(repository, current, key, client)


def checked_address(email: str) -> str:
    """The canonical form. Raises InvalidRequest."""
    try:
        return canonical(email)
    except BadAddress as bad:
        raise bad_field("email", str(bad)) from None
