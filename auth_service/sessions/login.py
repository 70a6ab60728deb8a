"""Login with email address and password."""

from auth_service.database.engine import Database
from auth_service.outbox.events import EventWriter
from auth_service.passwords.authenticator import PasswordAuthenticator
from auth_service.passwords.hasher import PasswordHasher
from auth_service.sessions.service import Sessions
from auth_service.sessions.token_pair import TokenPair
from auth_service.throttle.client import Client
from auth_service.throttle.service import Throttle
from auth_service.tokens.issuer import AccessTokens
from auth_service.users.model import User
from auth_service.users.repository import UserRepository
from shared.errors import Unavailable

# How often a login restarts because the account was changed concurrently.
ATTEMPTS = 3


class PasswordLogin:
    def __init__(
        self,
        *,
        database: Database,
        hasher: PasswordHasher,
        authenticator: PasswordAuthenticator,
        throttle: Throttle,
        tokens: AccessTokens,
        sessions: Sessions,
        events: EventWriter,
    ) -> None:
        self._database = database
        self._hasher = hasher
        self._authenticator = authenticator
        self._throttle = throttle
        self._tokens = tokens
        self._sessions = sessions
        self._events = events

    async def login(self, email: str, password: str, client: Client) -> TokenPair:
        """Raises InvalidCredentials, also for a disabled account, RateLimited, Overloaded, Unavailable."""
        for _ in range(ATTEMPTS):
            user = await self._authenticator.authenticate(email, password, client)
            if self._hasher.is_outdated(user.password_hash):
                await self._rehash(user, password)
            elif pair := await self._create_session(user, client):
                self._events.wake_relay()  # the oldest of too many sessions may have been revoked
                return pair
        raise Unavailable("The account is being changed.")

    async def _rehash(self, user: User, password: str) -> None:
        """Replaces a hash of another cost: the password is known only during a login."""
        replacement = await self._hasher.create(password)
        async with self._database.transaction() as transaction:
            users = UserRepository(transaction)
            await users.replace_password_hash(user.id, user.password_hash, replacement)

    async def _create_session(self, user: User, client: Client) -> TokenPair | None:
        """None if the account has changed since authentication, which runs outside the transaction."""
        key = await self._tokens.signing_key()
        async with self._database.transaction() as transaction:
            current = await UserRepository(transaction).share_lock(user.id)
            if current is None or current.disabled_at or current.password_hash != user.password_hash:
                return None
            await self._throttle.record_success(transaction, current.email_canonical, user.id, client.network)
            return await self._sessions.create(transaction, current, key, client)
