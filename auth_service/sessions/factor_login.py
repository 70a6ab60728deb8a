"""Logins of accounts with a second factor: after the password or the provider, a factor."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from auth_service.audit.activity.event import Event
from auth_service.audit.activity.service import ActivityLog
from auth_service.database.engine import Database, Transaction
from auth_service.database.outbox import EventWriter
from auth_service.errors import FactorTokenEnded, SecondFactorRequired, WrongFactor
from auth_service.factors.answer import Answer
from auth_service.factors.kind import Kind
from auth_service.factors.passkey import new_challenge, request_options
from auth_service.factors.repository import FactorRepository, RecoveryCodeRepository
from auth_service.factors.verification import FactorVerification
from auth_service.mailer.service import AccountMailer
from auth_service.sessions.factor_token import fingerprint, new_factor_token
from auth_service.sessions.model import PendingLogin
from auth_service.sessions.repository import PendingLoginRepository
from auth_service.sessions.service import Sessions
from auth_service.throttle.client import Client
from auth_service.throttle.service import Throttle
from auth_service.tokens.issuer import AccessTokens
from auth_service.users.model import User
from auth_service.users.repository import UserRepository
from shared.contracts.sessions import TokenPair
from shared.identity.key_pair import KeyPair

TOKEN_LIFETIME = timedelta(minutes=5)
# Wrong tries after which the token ends. Guesses over many tokens are bounded by CodeThrottle.
MAX_FAILURES = 5


@dataclass(frozen=True)
class FactorLogin:
    database: Database
    verification: FactorVerification
    throttle: Throttle
    tokens: AccessTokens
    sessions: Sessions
    mailer: AccountMailer
    activity: ActivityLog
    events: EventWriter
    now: Callable[[], datetime]

    async def begin(self, transaction: Transaction, user: User, method: str) -> SecondFactorRequired | None:
        """For an account whose first step, `method`, has succeeded: None if it has no second factor.
        Otherwise stores a factor token; the caller raises the error once the transaction is committed.

        The caller holds a lock of the account, so that no factor is added meanwhile.
        """
        factors = await FactorRepository(transaction).list_confirmed(user.id)
        if not factors:
            return None
        token, kinds = new_factor_token(), {each.kind for each in factors}
        passkeys = [each for each in factors if each.kind == Kind.PASSKEY]
        challenge = new_challenge() if passkeys and self.verification.party else None
        if not challenge:
            kinds.discard(Kind.PASSKEY)
        if await RecoveryCodeRepository(transaction).count(user.id):
            kinds.add(Kind.RECOVERY_CODE)
        pending = PendingLogin(
            token=fingerprint(token),
            user_id=user.id,
            method=method,
            challenge=challenge,
            failures=0,
            expires_at=self.now() + TOKEN_LIFETIME,
        )
        await PendingLoginRepository(transaction).insert(pending)
        members: dict[str, Any] = {"factor_token": token, "factors": tuple(map(str, sorted(kinds)))}
        if challenge and self.verification.party:
            members["passkey_options"] = request_options(self.verification.party, challenge, passkeys)
        return SecondFactorRequired(members)

    async def finish(self, token: str, answer: Answer, client: Client) -> TokenPair:
        """Ends a login with a second factor; its token is used up. Raises FactorTokenEnded, WrongFactor and
        RateLimited.
        """
        key = await self.tokens.signing_key()
        async with self.database.transaction() as transaction:
            outcome = await self._attempt(transaction, fingerprint(token), answer, key, client)
        self.events.wake_relay()
        if isinstance(outcome, TokenPair):
            return outcome
        if outcome is None:
            raise FactorTokenEnded
        await self.activity.record_refusal(Event.SECOND_FACTOR, outcome, client)
        raise WrongFactor

    async def _attempt(
        self, transaction: Transaction, token: bytes, answer: Answer, key: KeyPair, client: Client
    ) -> TokenPair | UUID | None:
        """Tokens, or the id of the account for a wrong answer, or None for a token that has ended.

        The account is locked before the token, so that all tries of an account are one after the other.
        """
        logins, now = PendingLoginRepository(transaction), self.now()
        owner = await logins.find_owner(token, now)
        user = await UserRepository(transaction).lock(owner) if owner else None
        if user is None or user.disabled_at is not None:
            return None
        pending = await logins.lock(token, now)
        if pending is None:
            return None
        kind = await self.verification.verify(transaction, user, answer, pending.challenge, client)
        if kind is None:
            await self._count_failure(transaction, pending, user)
            return user.id
        await logins.delete(token)
        await self.throttle.record_success(transaction, user.email_canonical, user.id, client.network)
        return await self.sessions.create(transaction, user, key, client, pending.method, factor=kind)

    async def _count_failure(self, transaction: Transaction, pending: PendingLogin, user: User) -> None:
        """Counts a wrong try. The last one ends the token, and a mail tells the owner that the password, or
        the identity at the provider, is known to another person.
        """
        logins = PendingLoginRepository(transaction)
        if await logins.count_failure(pending.token) < MAX_FAILURES:
            return
        await logins.delete(pending.token)
        await self.mailer.notify_of(transaction, Event.SECOND_FACTOR, user)
