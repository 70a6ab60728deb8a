"""Sessions: begun by a sign-in, kept alive by refresh tokens, ended by their owner or by a token's reuse."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from auth_service.errors import TokenRefused
from auth_service.models import SignIn, User
from auth_service.repository import Repository, Store
from auth_service.sessions.refresh_token import fingerprint, new_refresh_token, new_salt, successor
from auth_service.sessions.repository import Spent
from auth_service.sessions.revocation import Revoking
from auth_service.throttle.client import Client
from auth_service.tokens.issuer import AccessTokens, Grant
from auth_service.tokens.signing_key import KeyPair
from shared.errors import NotFound
from shared.logs import get_logger

# ASVS 5.0 §7.1.2: how many one account may have at once. The one used longest ago makes room.
MOST_AT_ONCE = 100


class TokenPair(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: int
    refresh_token: str


class Refused(msgspec.Struct, frozen=True):
    """No new pair, and the session that had to be revoked, if there was one."""

    revoked_session: UUID | None = None


class Lifetimes(msgspec.Struct, frozen=True):
    """`absolute` from the sign-in, `idle` from the last refresh (ASVS 5.0 §7.3, §10.4.8).

    Within `grace` a spent refresh token is answered once more, with the same successor; even without one, to
    whoever asked while it was being spent.
    """

    absolute: timedelta
    idle: timedelta
    grace: timedelta


class Sessions:
    """`announced` is called after an event has been stored, to have it published soon."""

    def __init__(
        self,
        *,
        store: Store,
        tokens: AccessTokens,
        revoking: Revoking,
        lifetimes: Lifetimes,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
        announced: Callable[[], None],
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._revoking = revoking
        self._lifetimes = lifetimes
        self._now = now
        self._new_id = new_id
        self._announced = announced

    async def begin(self, repository: Repository, user: User, key: KeyPair, client: Client) -> TokenPair:
        """A new session for somebody who has just proven who they are, within the caller's transaction.

        Nothing of an earlier session goes on in it (ASVS 5.0 §7.2.4).
        """
        await self._make_room(repository, user.id)
        now = self._now()
        session = SignIn(
            id=self._new_id(),
            user_id=user.id,
            created_at=now,
            last_used_at=now,
            idle_until=now + self._lifetimes.idle,
            expires_at=now + self._lifetimes.absolute,
            user_agent=client.user_agent,
            address=client.address,
        )
        await repository.sign_ins.add(session)
        return await self._pair(repository, user, session, key, new_refresh_token())

    async def refresh(self, presented: str, client: Client) -> TokenPair:
        """Spends a refresh token for a new pair (RFC 9700 §4.14.2, ASVS 5.0 §10.4.5). Raises TokenRefused.

        One that was spent before is in two hands, one of them a thief's: its session is revoked. Unless two
        tabs refresh at once, or the grace for an answer that got lost is not over: then both get the same
        successor. Whoever of the two is a thief still shares one chain of tokens with its owner, and is found
        out when the second of them refreshes next.
        """
        key = await self._tokens.key()
        async with self._store.transaction() as repository:
            outcome = await self._rotate(repository, presented, key, client)
        if isinstance(outcome, Refused):
            self._announced()
            raise TokenRefused(outcome.revoked_session)
        return outcome

    async def end(self, session_id: UUID) -> None:
        """Refresh and access tokens at once (RFC 7009 §2.1, ASVS 5.0 §7.4.1)."""
        async with self._store.transaction() as repository:
            await self._revoking.session(repository, session_id)
        self._announced()

    async def of(self, user_id: UUID) -> Sequence[SignIn]:
        """Where somebody is signed in, the one used last first (ASVS 5.0 §7.5.2)."""
        async with self._store.transaction() as repository:
            return await repository.sign_ins.of(user_id, self._now())

    async def end_own(self, user_id: UUID, session_id: UUID) -> None:
        """Raises NotFound for one that is over, and for somebody else's."""
        async with self._store.transaction() as repository:
            if not await self._revoking.session(repository, session_id, of=user_id):
                raise NotFound
        self._announced()

    async def _make_room(self, repository: Repository, user_id: UUID) -> None:
        live = await repository.sign_ins.of(user_id, self._now())
        for surplus in live[MOST_AT_ONCE - 1 :]:
            await self._revoking.session(repository, surplus.id)

    async def _rotate(
        self, repository: Repository, presented: str, key: KeyPair, client: Client
    ) -> TokenPair | Refused:
        salt = new_salt()
        # As it was when asked: each statement sees what was committed before it (READ COMMITTED).
        was_unspent = await repository.sign_ins.is_unspent(fingerprint(presented))
        session_id = await repository.sign_ins.spend(fingerprint(presented), salt, self._now())
        if session_id is not None:
            return await self._renew(repository, session_id, key, client, successor(presented, salt))
        spent = await repository.sign_ins.spent(fingerprint(presented))
        if spent is None:
            return Refused()
        if await self._is_race(repository, presented, spent, overtaken=was_unspent):
            return await self._repeat(repository, presented, spent, key)
        get_logger(__name__).warning("a spent refresh token came again", session_id=str(spent.session_id))
        await self._revoking.session(repository, spent.session_id)
        return Refused(spent.session_id)

    async def _is_race(
        self, repository: Repository, presented: str, spent: Spent, *, overtaken: bool
    ) -> bool:
        """Spent since this was asked, or only a moment ago, and nobody has gone on from there."""
        in_time = overtaken or self._now() - spent.spent_at < self._lifetimes.grace
        if not spent.successor_salt or not in_time:
            return False
        following = successor(presented, spent.successor_salt)
        return await repository.sign_ins.is_unspent(fingerprint(following))

    async def _renew(
        self, repository: Repository, session_id: UUID, key: KeyPair, client: Client, following: str
    ) -> TokenPair | Refused:
        session, user = await self._live(repository, session_id)
        if session is None or user is None:
            return Refused()
        session.last_used_at = self._now()
        session.idle_until = self._now() + self._lifetimes.idle
        session.address, session.user_agent = client.address, client.user_agent
        return await self._pair(repository, user, session, key, following)

    async def _repeat(
        self, repository: Repository, presented: str, spent: Spent, key: KeyPair
    ) -> TokenPair | Refused:
        session, user = await self._live(repository, spent.session_id)
        if session is None or user is None:
            return Refused()
        return self._granted(user, session, key, successor(presented, spent.successor_salt))

    async def _live(self, repository: Repository, session_id: UUID) -> tuple[SignIn | None, User | None]:
        session = await repository.sign_ins.live(session_id, self._now())
        user = await repository.users.get(session.user_id) if session else None
        return session, user if user and user.disabled_at is None else None

    async def _pair(
        self, repository: Repository, user: User, session: SignIn, key: KeyPair, refresh_token: str
    ) -> TokenPair:
        await repository.sign_ins.add_refresh_token(fingerprint(refresh_token), session.id, self._now())
        return self._granted(user, session, key, refresh_token)

    def _granted(self, user: User, session: SignIn, key: KeyPair, refresh_token: str) -> TokenPair:
        grant = Grant(
            user_id=user.id,
            sid=session.id,
            email=user.email,
            email_verified=user.email_verified_at is not None,
            roles=tuple(user.roles),
            until=min(session.expires_at, session.idle_until),
        )
        access_token, claims = self._tokens.issue(key, grant)
        return TokenPair(access_token, claims.exp - claims.iat, refresh_token)
