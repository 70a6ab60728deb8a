"""Challenges of passkeys for sessions: random, stored here, for one use within five minutes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from auth_service.database.engine import Transaction
from auth_service.factors.model import PasskeyChallenge
from auth_service.factors.passkey import BadCredential, challenge_of, new_challenge
from auth_service.factors.repository import ChallengeRepository

CHALLENGE_LIFETIME = timedelta(minutes=5)


class Purpose(StrEnum):
    REGISTER = "register"
    PROVE = "prove"


@dataclass(frozen=True)
class Challenges:
    now: Callable[[], datetime]

    async def create(self, transaction: Transaction, session_id: UUID, purpose: Purpose) -> bytes:
        challenge = new_challenge()
        stored = PasskeyChallenge(
            challenge=challenge,
            session_id=session_id,
            purpose=purpose,
            expires_at=self.now() + CHALLENGE_LIFETIME,
        )
        await ChallengeRepository(transaction).insert(stored)
        return challenge

    async def take(
        self, transaction: Transaction, session_id: UUID, purpose: Purpose, client_data: str
    ) -> bytes | None:
        """Uses up the challenge that a credential claims to answer; None if the session has no such one."""
        try:
            claimed = challenge_of(client_data)
        except BadCredential:
            return None
        taken = await ChallengeRepository(transaction).take(claimed, session_id, purpose, self.now())
        return claimed if taken else None
