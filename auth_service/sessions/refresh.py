"""Refresh token rotation with reuse detection (RFC 9700 §4.14.2, ASVS 5.0 §10.4.5)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from auth_service.audit.activity.event import Event, Result
from auth_service.audit.activity.service import ActivityLog
from auth_service.database.engine import Database, Transaction
from auth_service.database.outbox import EventWriter
from auth_service.errors import InvalidRefreshToken
from auth_service.sessions.model import Session, SpentToken
from auth_service.sessions.refresh_token import fingerprint, new_salt, successor
from auth_service.sessions.repository import RefreshTokenRepository, SessionRepository
from auth_service.sessions.revocation import Revocation
from auth_service.sessions.service import Lifetimes
from auth_service.sessions.token_pair import issue_pair
from auth_service.throttle.client import Client
from auth_service.tokens.issuer import AccessTokens
from auth_service.users.model import User
from auth_service.users.repository import UserRepository
from shared.contracts.sessions import TokenPair
from shared.identity.key_pair import KeyPair
from shared.logs import get_logger


class Refused(msgspec.Struct, frozen=True):
    """A refused refresh. `revoked_session` was revoked because its refresh token was reused."""

    revoked_session: UUID | None = None


@dataclass(frozen=True)
class TokenRefresh:
    database: Database
    tokens: AccessTokens
    revocation: Revocation
    activity: ActivityLog
    events: EventWriter
    lifetimes: Lifetimes
    now: Callable[[], datetime]

    async def refresh(self, presented: str, client: Client) -> TokenPair:
        """Spends a refresh token and returns a new pair. Raises InvalidRefreshToken.

        Reuse of a spent token means that it was stolen, so its session is revoked. Exceptions are overlapping
        requests, as from two browser tabs, and the grace period for lost responses: both requests then get
        the same successor. A theft is still detected, when that successor is spent for the second time.
        """
        key = await self.tokens.signing_key()
        async with self.database.transaction() as transaction:
            outcome = await self._rotate(transaction, presented, key, client)
        if isinstance(outcome, Refused):
            self.events.wake_relay()
            raise InvalidRefreshToken(outcome.revoked_session)
        return outcome

    async def _rotate(
        self, transaction: Transaction, presented: str, key: KeyPair, client: Client
    ) -> TokenPair | Refused:
        refresh_tokens, salt = RefreshTokenRepository(transaction), new_salt()
        # READ COMMITTED: each statement sees what was committed before it, this one the state on arrival.
        was_unspent = await refresh_tokens.is_unspent(fingerprint(presented))
        session_id = await refresh_tokens.spend(fingerprint(presented), salt, self.now())
        if session_id is not None:
            return await self._renew(transaction, session_id, key, client, successor(presented, salt))
        spent = await refresh_tokens.find_spent(fingerprint(presented))
        if spent is None:
            return Refused()
        if await self._may_repeat(refresh_tokens, presented, spent, overlapping=was_unspent):
            return await self._repeat(transaction, presented, spent, key)
        get_logger(__name__).warning(
            "refresh token reused, session revoked", session_id=str(spent.session_id)
        )
        user_id = await self.revocation.revoke_session(transaction, spent.session_id)
        if user_id is not None:
            event, session = Event.REFRESH_TOKEN_REUSED, spent.session_id
            await self.activity.record(transaction, event, user_id, client, session, result=Result.REFUSED)
        return Refused(spent.session_id)

    async def _may_repeat(
        self,
        refresh_tokens: RefreshTokenRepository,
        presented: str,
        spent: SpentToken,
        *,
        overlapping: bool,
    ) -> bool:
        """True within the grace period or for an overlapping request, if the successor is still unspent."""
        in_time = overlapping or self.now() - spent.spent_at < self.lifetimes.grace
        if not spent.successor_salt or not in_time:
            return False
        following = successor(presented, spent.successor_salt)
        return await refresh_tokens.is_unspent(fingerprint(following))

    async def _renew(
        self, transaction: Transaction, session_id: UUID, key: KeyPair, client: Client, following: str
    ) -> TokenPair | Refused:
        """Extends the session and stores the successor."""
        session, user = await self._live(transaction, session_id)
        if session is None or user is None:
            return Refused()
        now = self.now()
        session.last_used_at = now
        session.idle_until = now + self.lifetimes.idle
        session.address, session.user_agent = client.address, client.user_agent
        await RefreshTokenRepository(transaction).add(fingerprint(following), session.id, now)
        return issue_pair(self.tokens, key, user, session, following)

    async def _repeat(
        self, transaction: Transaction, presented: str, spent: SpentToken, key: KeyPair
    ) -> TokenPair | Refused:
        session, user = await self._live(transaction, spent.session_id)
        if session is None or user is None:
            return Refused()
        return issue_pair(self.tokens, key, user, session, successor(presented, spent.successor_salt))

    async def _live(self, transaction: Transaction, session_id: UUID) -> tuple[Session | None, User | None]:
        session = await SessionRepository(transaction).lock_live(session_id, self.now())
        user = await UserRepository(transaction).find(session.user_id) if session else None
        return session, user if user and user.disabled_at is None else None
