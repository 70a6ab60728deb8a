"""Password authentication, throttled, with the same work and response for unknown accounts."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from auth_service.audit.activity.event import Event
from auth_service.audit.activity.service import ActivityLog
from auth_service.database.engine import Database
from auth_service.errors import InvalidCredentials
from auth_service.passwords.hasher import PasswordHasher
from auth_service.passwords.policy import PasswordTooLong
from auth_service.throttle.client import Client
from auth_service.throttle.service import Throttle
from auth_service.users.address import BadAddress, canonical
from auth_service.users.model import User
from auth_service.users.repository import UserRepository
from shared.errors import RateLimited


class PasswordAuthenticator:
    """Verifies passwords of accounts.

    All methods raise InvalidCredentials, RateLimited after too many failures, and Overloaded.
    """

    def __init__(
        self, database: Database, hasher: PasswordHasher, throttle: Throttle, activity: ActivityLog
    ) -> None:
        self._database = database
        self._hasher = hasher
        self._throttle = throttle
        self._activity = activity

    async def authenticate(self, email: str, password: str, client: Client) -> User:
        """The account with this address and password; a malformed address counts as unknown (ASVS 5.0
        §6.3.8).
        """
        try:
            address = canonical(email)
        except BadAddress:
            await self._hash_in_vain(password)
            await self._activity.record_refusal(Event.LOGIN, None, client)
            raise InvalidCredentials from None

        async def find() -> User | None:
            async with self._database.transaction() as transaction:
                return await UserRepository(transaction).find_by_address(address)

        return await self._verify(Event.LOGIN, address, find, password, client)

    async def reauthenticate(self, user: User, password: str, client: Client) -> User:
        """Verifies the password of a signed-in user, before a sensitive change (ASVS 5.0 §7.5.1)."""

        async def find() -> User | None:
            return user

        return await self._verify(Event.PROOF, user.email_canonical, find, password, client)

    async def _verify(
        self,
        event: Event,
        address: str,
        find: Callable[[], Awaitable[User | None]],
        password: str,
        client: Client,
    ) -> User:
        async with self._hasher.slot() as slot:
            user = await find()
            user_id = user.id if user else None
            await self._check_throttle(event, address, user_id, client)
            try:
                same = await slot.matches(password, user.password_hash if user else None)
            except PasswordTooLong:
                raise InvalidCredentials from None
            if user is None or not same or user.disabled_at is not None:
                await self._throttle.record_failure(address, user_id, client.network)
                # ASVS 5.0 §16.3.1. Without the typed address: it may be a password in the wrong field.
                await self._activity.record_refusal(event, user_id, client)
                raise InvalidCredentials
        return user

    async def _check_throttle(self, event: Event, address: str, user_id: UUID | None, client: Client) -> None:
        try:
            await self._throttle.check(address, user_id, client.network)
        except RateLimited:
            self._activity.log_throttled(event, user_id, client)
            raise

    async def _hash_in_vain(self, password: str) -> None:
        async with self._hasher.slot() as slot:
            try:
                await slot.matches(password, None)
            except PasswordTooLong:
                return
