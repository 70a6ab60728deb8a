"""Rotation of the signing keys without a moment in which a valid token is refused."""

from collections.abc import Callable
from datetime import datetime, timedelta

from auth_service.database.engine import Transaction
from auth_service.tokens.key_ring import PUBLICATION_DELAY
from auth_service.tokens.repository import SigningKeyRepository
from auth_service.tokens.signing_key import KeyPair, generate

# For clock skew and requests in flight.
SLACK = timedelta(minutes=1)


class KeyRotation:
    """Publishes a new key that signs after PUBLICATION_DELAY, when every replica has loaded it.

    The old key signs until then, and verifies until the last token signed with it, valid for at most
    `longest_token`, has expired (ASVS 5.0 §13.3.4).
    """

    def __init__(self, longest_token: timedelta, now: Callable[[], datetime]) -> None:
        self._longest_token = longest_token
        self._now = now

    async def rotate(self, transaction: Transaction) -> KeyPair:
        """Stores and returns the new key."""
        keys = SigningKeyRepository(transaction)
        now = self._now()
        signs_from = now + PUBLICATION_DELAY
        await keys.retire_all(signs_from, signs_from + self._longest_token + SLACK)
        key = generate()
        await keys.add(key, now, signs_from=signs_from)
        return key
