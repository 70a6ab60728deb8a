"""Sessions: begun by a sign-in, kept alive by refresh tokens, ended by logout or a stolen token's reuse."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from auth_service.access import AccessTokens
from auth_service.errors import TokenRefused
from auth_service.keys import KeyPair
from auth_service.models import SignIn, User
from auth_service.refresh_tokens import fingerprint, new_refresh_token
from auth_service.repository import Repository, Store
from auth_service.tokens import AccessClaims, InvalidToken
from shared.contracts.events import SessionRevoked
from shared.logs import get_logger
from shared.messaging.envelope import wrap

SOURCE = "/auth_service"

# Kept a while after their end, so that what happened can still be looked up.
FORGOTTEN_AFTER = timedelta(days=7)
FORGET_AT_ONCE = 200


class TokenPair(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: int
    refresh_token: str


class Refused(msgspec.Struct, frozen=True):
    """No new pair, and the session that had to be revoked, if there was one."""

    revoked_session: UUID | None


class Caller(msgspec.Struct, frozen=True):
    """Who stands behind a token that is good now; address and roles are today's, not the token's."""

    claims: AccessClaims
    email: str
    roles: tuple[str, ...]


class Sessions:
    """`announced` is called after an event has been stored, to have it published soon."""

    def __init__(
        self,
        *,
        store: Store,
        tokens: AccessTokens,
        lifetime: timedelta,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
        announced: Callable[[], None],
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._lifetime = lifetime
        self._now = now
        self._new_id = new_id
        self._announced = announced

    async def begin(self, repository: Repository, user: User, key: KeyPair) -> TokenPair:
        """A new session for somebody who has just proven who they are, within the caller's transaction."""
        now = self._now()
        session = SignIn(
            id=self._new_id(),
            user_id=user.id,
            created_at=now,
            last_used_at=now,
            expires_at=now + self._lifetime,
        )
        await repository.add_session(session)
        return await self._pair(repository, user, session, key)

    async def refresh(self, presented: str) -> TokenPair:
        """Spends a refresh token for a new pair (RFC 9700 §4.14.2). Raises TokenRefused.

        One that was spent before is in two hands, one of them a thief's: its session is revoked.
        """
        key = await self._tokens.key()
        async with self._store.transaction() as repository:
            outcome = await self._rotate(repository, fingerprint(presented), key)
        if isinstance(outcome, Refused):
            self._announced()
            raise TokenRefused(outcome.revoked_session)
        return outcome

    async def end(self, caller: Caller) -> None:
        async with self._store.transaction() as repository:
            await self._revoke(repository, caller.claims.sid)
        self._announced()

    async def caller(self, token: str) -> Caller | None:
        """Who a token speaks for, asked of the store each time; None when it is good for nothing."""
        try:
            claims = await self._tokens.read(token)
        except InvalidToken:
            return None
        bearer = await self._store.bearer(claims.sid, claims.sub, self._now())
        return Caller(claims, bearer.email, bearer.roles) if bearer else None

    async def forget_expired(self) -> int:
        """Removes some of the sessions that ended long ago; how many."""
        async with self._store.transaction() as repository:
            return await repository.forget_sessions(self._now() - FORGOTTEN_AFTER, FORGET_AT_ONCE)

    async def _rotate(self, repository: Repository, spent: bytes, key: KeyPair) -> TokenPair | Refused:
        session_id = await repository.spend_refresh_token(spent, self._now())
        if session_id is None:
            return Refused(await self._punish_reuse(repository, spent))
        session = await repository.touch_session(session_id, self._now())
        user = await repository.user(session.user_id) if session else None
        if session is None or user is None or user.disabled_at is not None:
            return Refused(None)
        return await self._pair(repository, user, session, key)

    async def _punish_reuse(self, repository: Repository, spent: bytes) -> UUID | None:
        session_id = await repository.session_of_refresh_token(spent)
        if session_id is not None:
            get_logger(__name__).warning("a spent refresh token came again", session_id=str(session_id))
            await self._revoke(repository, session_id)
        return session_id

    async def _revoke(self, repository: Repository, session_id: UUID) -> None:
        """Once, however often it is asked for: the event goes out with the first."""
        user_id = await repository.revoke_session(session_id, self._now())
        if user_id is None:
            return
        event = SessionRevoked(session_id=str(session_id), user_id=str(user_id))
        envelope = wrap(event, SOURCE, str(session_id), str(self._new_id()), time=self._now())
        await repository.announce(envelope)

    async def _pair(self, repository: Repository, user: User, session: SignIn, key: KeyPair) -> TokenPair:
        refresh_token = new_refresh_token()
        await repository.add_refresh_token(fingerprint(refresh_token), session.id, self._now())
        access_token, expires_in = self._tokens.issue(key, user, session)
        return TokenPair(access_token, expires_in, refresh_token)
