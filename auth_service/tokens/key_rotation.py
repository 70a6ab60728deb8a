"""Rotation of the signing key."""

from datetime import datetime, timedelta

from auth_service.database.encryption import DataCipher
from auth_service.database.engine import Transaction
from auth_service.tokens.key_ring import PUBLICATION_DELAY, SLACK
from auth_service.tokens.key_storage import stored_key
from auth_service.tokens.repository import SigningKeyRepository
from shared.identity.key_pair import KeyPair, generate


async def rotate_keys(
    transaction: Transaction, cipher: DataCipher, longest_token: timedelta, now: datetime
) -> KeyPair:
    """Stores and returns a new key that signs after PUBLICATION_DELAY, when every replica has loaded it.

    The old key signs until then, and verifies until the last token signed with it, valid for at most
    `longest_token`, has expired (ASVS 5.0 §13.3.4).
    """
    keys, signs_from = SigningKeyRepository(transaction), now + PUBLICATION_DELAY
    await keys.retire_all(signs_from, signs_from + longest_token + SLACK)
    key = generate()
    await keys.insert(stored_key(key, cipher, now, signs_from=signs_from))
    return key
