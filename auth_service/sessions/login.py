"""Login with email address and password."""

from dataclasses import dataclass

from auth_service.database.engine import Database
from auth_service.database.outbox import EventWriter
from auth_service.errors import SecondFactorRequired
from auth_service.passwords.hasher import PasswordHasher
from auth_service.passwords.service import PasswordAuthenticator
from auth_service.sessions.factor_login import FactorLogin
from auth_service.sessions.service import Sessions
from auth_service.throttle.client import Client
from auth_service.throttle.service import Throttle
from auth_service.tokens.issuer import AccessTokens
from auth_service.users.model import User
from auth_service.users.repository import UserRepository
from shared.contracts.sessions import TokenPair
from shared.errors import Unavailable

# How often a login restarts because the account was changed concurrently.
ATTEMPTS = 3


@dataclass(frozen=True)
class PasswordLogin:
    database: Database
    hasher: PasswordHasher
    authenticator: PasswordAuthenticator
    throttle: Throttle
    tokens: AccessTokens
    sessions: Sessions
    factor_login: FactorLogin
    events: EventWriter

    async def login(self, email: str, password: str, client: Client) -> TokenPair:
        """Authenticates a user and creates a session.

        Raises SecondFactorRequired for an account with a second factor; InvalidCredentials, also for a
        disabled account; RateLimited, Overloaded and Unavailable.
        """
        for _ in range(ATTEMPTS):
            user = await self.authenticator.authenticate(email, password, client)
            if self.hasher.is_outdated(user.password_hash):
                await self._rehash(user, password)
            elif outcome := await self._create_session(user, client):
                if isinstance(outcome, SecondFactorRequired):
                    raise outcome
                self.events.wake_relay()  # the oldest of too many sessions may have been revoked
                return outcome
        raise Unavailable("The account was changed concurrently.")

    async def _rehash(self, user: User, password: str) -> None:
        """Replaces a hash of another cost: the password is known only during a login."""
        replacement = await self.hasher.create(password)
        async with self.database.transaction() as transaction:
            users = UserRepository(transaction)
            await users.replace_password_hash(user.id, user.password_hash, replacement)

    async def _create_session(self, user: User, client: Client) -> TokenPair | SecondFactorRequired | None:
        """Creates a session, or begins the second step. None if the account has changed since it was
        authenticated.
        """
        key = await self.tokens.signing_key()
        async with self.database.transaction() as transaction:
            current = await UserRepository(transaction).share_lock(user.id)
            if current is None or current.disabled_at or current.password_hash != user.password_hash:
                return None
            if required := await self.factor_login.begin(transaction, current, "password"):
                return required
            await self.throttle.record_success(transaction, current.email_canonical, user.id, client.network)
            return await self.sessions.create(transaction, current, key, client, "password")
