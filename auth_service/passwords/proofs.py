"""Fresh proofs: an access token alone may be stolen, so what outlives it needs more (ASVS 5.0 §7.5.1).

A login proves its session for PROOF_LIFETIME, a refresh does not. Later the password proves it again, or a
second factor (`auth_service/factors/proofs.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from auth_service.audit.activity.caller import Caller
from auth_service.audit.activity.event import Event
from auth_service.audit.activity.service import ActivityLog
from auth_service.database.engine import Database
from auth_service.errors import ProofRequired
from auth_service.passwords.repository import ProofRepository
from auth_service.passwords.service import PasswordAuthenticator
from auth_service.users.repository import UserRepository
from shared.errors import InvalidToken

PROOF_LIFETIME = timedelta(minutes=5)


@dataclass(frozen=True)
class Proofs:
    """Both methods raise InvalidCredentials for a wrong password, RateLimited and Overloaded."""

    database: Database
    authenticator: PasswordAuthenticator
    activity: ActivityLog
    now: Callable[[], datetime]

    async def require(self, caller: Caller, current_password: str | None = None) -> None:
        """Proves the caller's session by `current_password`, if given. Otherwise raises ProofRequired unless
        it was proven within PROOF_LIFETIME.
        """
        if current_password is not None:
            return await self.prove(caller, current_password)
        async with self.database.transaction() as transaction:
            proven_at = await ProofRepository(transaction).find(caller.session_id)
        if proven_at is None or self.now() - proven_at > PROOF_LIFETIME:
            raise ProofRequired
        return None

    async def prove(self, caller: Caller, password: str) -> None:
        """Proves the caller's session by the account's password."""
        async with self.database.transaction() as transaction:
            user = await UserRepository(transaction).find(caller.user_id)
        if user is None:
            raise InvalidToken
        await self.authenticator.reauthenticate(user, password, caller.client)
        await self._store(caller)

    async def _store(self, caller: Caller) -> None:
        async with self.database.transaction() as transaction:
            await ProofRepository(transaction).put(caller.session_id, self.now())
            await self.activity.record_call(transaction, Event.PROOF, caller)
