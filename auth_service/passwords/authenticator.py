"""The proof of who somebody is: the account's password. The same work and the same refusal for everybody."""

from collections.abc import Awaitable, Callable

from auth_service.errors import InvalidCredentials
from auth_service.models import User
from auth_service.passwords.hasher import PasswordHashing
from auth_service.passwords.policy import PasswordTooLong
from auth_service.repository import Store
from auth_service.throttle.client import Client
from auth_service.throttle.service import Throttle
from auth_service.users.address import BadAddress, canonical
from shared.logs import get_logger


class Proof:
    """Raises InvalidCredentials when it fails, RateLimited when it failed too often, Overloaded."""

    def __init__(self, store: Store, hashing: PasswordHashing, throttle: Throttle) -> None:
        self._store = store
        self._hashing = hashing
        self._throttle = throttle

    async def by_address(self, email: str, password: str, client: Client) -> User:
        """What is not even an address is an unknown one: nothing else is told of it (ASVS 5.0 §6.3.8)."""
        try:
            address = canonical(email)
        except BadAddress:
            await self._in_vain(password)
            raise InvalidCredentials from None

        async def find() -> User | None:
            async with self._store.transaction() as repository:
                return await repository.users.by_address(address)

        return await self._proven(address, find, password, client)

    async def again(self, user: User, password: str, client: Client) -> User:
        """By somebody signed in, before a change that a stolen token must not make (ASVS 5.0 §7.5.1)."""

        async def find() -> User | None:
            return user

        return await self._proven(user.email_canonical, find, password, client)

    async def _proven(
        self, address: str, find: Callable[[], Awaitable[User | None]], password: str, client: Client
    ) -> User:
        async with self._hashing.place() as place:
            user = await find()
            user_id = user.id if user else None
            await self._throttle.admit(address, user_id, client.network)
            try:
                same = await place.matches(password, user.password_hash if user else None)
            except PasswordTooLong:
                raise InvalidCredentials from None
            if user is None or not same or user.disabled_at is not None:
                await self._throttle.failed(address, user_id, client.network)
                # ASVS 5.0 §16.3.1. Not what was typed: people type passwords into the wrong field.
                get_logger(__name__).info("sign-in refused", account=str(user_id), network=client.network)
                raise InvalidCredentials
        return user

    async def _in_vain(self, password: str) -> None:
        async with self._hashing.place() as place:
            try:
                await place.matches(password, None)
            except PasswordTooLong:
                return
