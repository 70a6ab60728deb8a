"""Accounts: who has one, and the proof of who somebody is."""

from collections.abc import Callable, Collection
from datetime import datetime
from uuid import UUID

from auth_service.access import AccessTokens
from auth_service.addresses import BadAddress, canonical
from auth_service.errors import EmailTaken, InvalidCredentials, TokenRefused, WeakPassword, bad_field
from auth_service.hashing import PasswordHashing
from auth_service.models import User
from auth_service.passwords import PasswordTooLong, PasswordTooWeak, refuse_weak
from auth_service.repository import Store
from auth_service.sessions import Sessions, TokenPair
from shared.errors import FieldError, Unavailable

NEW_ACCOUNT_ROLES = ("user",)

# How often a sign-in starts over because the account changed under it.
TRIES = 3


class Accounts:
    def __init__(
        self,
        *,
        store: Store,
        hashing: PasswordHashing,
        tokens: AccessTokens,
        sessions: Sessions,
        common_passwords: Collection[str],
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
    ) -> None:
        self._store = store
        self._hashing = hashing
        self._tokens = tokens
        self._sessions = sessions
        self._common_passwords = common_passwords
        self._now = now
        self._new_id = new_id

    async def register(self, email: str, password: str) -> User:
        """Raises InvalidRequest, WeakPassword, EmailTaken, Overloaded."""
        try:
            address = canonical(email)
        except BadAddress as bad:
            raise bad_field("email", str(bad)) from None
        self._refuse_weak(password, email)
        user = User(
            id=self._new_id(),
            email=email,
            email_canonical=address,
            password_hash=await self._hashing.create(password),
            roles=list(NEW_ACCOUNT_ROLES),
            created_at=self._now(),
        )
        async with self._store.transaction() as repository:
            if not await repository.add_user(user):
                raise EmailTaken
        return user

    async def sign_in(self, email: str, password: str) -> TokenPair:
        """Raises InvalidCredentials, Overloaded. A disabled account is as good as none."""
        for _ in range(TRIES):
            user = await self._proven(email, password)
            if self._hashing.is_outdated(user.password_hash):
                await self._rehash(user, password)
            elif pair := await self._begin(user):
                return pair
        raise Unavailable("The account is being changed.")

    async def account(self, user_id: UUID) -> User:
        """Raises TokenRefused when it is gone."""
        async with self._store.transaction() as repository:
            user = await repository.user(user_id)
        if user is None:
            raise TokenRefused
        return user

    async def _proven(self, email: str, password: str) -> User:
        """Raises InvalidCredentials, after the same work whether the account or the password is wrong."""
        user = await self._find(email)
        try:
            proven = await self._hashing.matches(password, user.password_hash if user else None)
        except PasswordTooLong:
            raise InvalidCredentials from None
        if user is None or not proven or user.disabled_at is not None:
            raise InvalidCredentials
        return user

    async def _find(self, email: str) -> User | None:
        """What is not even an address is an unknown one: nothing else is told of it."""
        try:
            address = canonical(email)
        except BadAddress:
            return None
        async with self._store.transaction() as repository:
            return await repository.user_by_address(address)

    async def _rehash(self, user: User, password: str) -> None:
        """The hash was made at another cost, and only now is the password at hand."""
        replacement = await self._hashing.create(password)
        async with self._store.transaction() as repository:
            await repository.replace_password_hash(user.id, user.password_hash, replacement)

    async def _begin(self, user: User) -> TokenPair | None:
        """None when the account has changed since: no transaction is open while a password is hashed."""
        key = await self._tokens.key()
        async with self._store.transaction() as repository:
            current = await repository.user(user.id, lock=True)
            if current is None or current.disabled_at or current.password_hash != user.password_hash:
                return None
            return await self._sessions.begin(repository, current, key)

    def _refuse_weak(self, password: str, email: str) -> None:
        try:
            refuse_weak(password, email, self._common_passwords)
        except PasswordTooLong as long:
            raise bad_field("password", str(long)) from None
        except PasswordTooWeak as weak:
            raise WeakPassword(f"The password {weak}.", errors=[FieldError("password", str(weak))]) from None
