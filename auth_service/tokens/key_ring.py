"""Key ring: an in-memory cache of the signing keys, which any replica may rotate."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec

from auth_service.database.encryption import DataCipher, Undecryptable
from auth_service.database.engine import Database
from auth_service.tokens.key_storage import key_pair
from auth_service.tokens.model import StoredKey
from auth_service.tokens.repository import SigningKeyRepository
from shared.errors import Unavailable
from shared.identity.key_pair import KeyPair
from shared.logs import get_logger

MAX_AGE = timedelta(seconds=3)
MIN_RELOAD_INTERVAL = timedelta(seconds=1)
# Delay between publishing a new key and signing with it: by then every replica has reloaded its key ring.
PUBLICATION_DELAY = MAX_AGE + timedelta(seconds=2)
RELOAD_TIMEOUT_S = 1.0
# Time for which a retired key still verifies after its last token: clock skew and requests in flight.
SLACK = timedelta(minutes=1)


class RingKey(msgspec.Struct, frozen=True):
    """A key pair and the time span in which it signs."""

    pair: KeyPair
    signs_from: datetime
    retired_at: datetime | None

    def is_signing(self, now: datetime) -> bool:
        return self.signs_from <= now and (self.retired_at is None or self.retired_at > now)


class KeyRing:
    """All unexpired keys by `kid`, at most MAX_AGE old; older only while PostgreSQL is unavailable.

    The table is read at most once per MIN_RELOAD_INTERVAL, however many tokens name unknown keys. A key that
    AUTH_DATA_KEYS do not decrypt is left out: its tokens are refused.
    """

    def __init__(self, database: Database, cipher: DataCipher, now: Callable[[], datetime]) -> None:
        self._database = database
        self._cipher = cipher
        self._now = now
        self._keys: list[RingKey] = []
        self._loaded_at: datetime | None = None
        self._loading = asyncio.Lock()
        self._unreadable: set[str] = set()

    async def signing_key(self) -> KeyPair:
        """The newest key that signs by now. Raises Unavailable before the first successful load."""
        await self._keys_not_older_than(MAX_AGE)
        now = self._now()
        return next((key for key in self._keys if key.is_signing(now)), self._keys[0]).pair

    async def verification_keys(self) -> Mapping[str, KeyPair]:
        """All keys, newest first. Raises Unavailable before the first successful load."""
        return await self._keys_not_older_than(MAX_AGE)

    async def refreshed_keys(self) -> Mapping[str, KeyPair]:
        """As `verification_keys`, reloaded if older than MIN_RELOAD_INTERVAL."""
        return await self._keys_not_older_than(MIN_RELOAD_INTERVAL)

    async def _keys_not_older_than(self, age: timedelta) -> Mapping[str, KeyPair]:
        if self._is_older_than(age):
            async with self._loading:
                if self._is_older_than(age):
                    await self._load()
        if not self._keys:
            raise Unavailable("Signing keys are not loaded yet.")
        return {key.pair.kid: key.pair for key in self._keys}

    def _is_older_than(self, age: timedelta) -> bool:
        limit = age if self._keys else timedelta()
        return self._loaded_at is None or self._now() - self._loaded_at >= limit

    async def _load(self) -> None:
        """Reads the table, for at most RELOAD_TIMEOUT_S if older keys can be kept instead."""
        known = {key.pair.kid: key.pair for key in self._keys}
        try:
            async with asyncio.timeout(RELOAD_TIMEOUT_S if known else None):
                async with self._database.transaction() as transaction:
                    stored = await SigningKeyRepository(transaction).list_unexpired(self._now())
            pairs = {row.kid: known.get(row.kid) or self._pair(row) for row in stored}
            self._keys = [
                RingKey(pair, row.signs_from, row.retired_at) for row in stored if (pair := pairs[row.kid])
            ]
        except (Unavailable, TimeoutError):
            if not known:
                raise
            get_logger(__name__).warning("signing keys not reloaded, keeping the cached ones")
        finally:
            self._loaded_at = self._now()

    def _pair(self, stored: StoredKey) -> KeyPair | None:
        """None for a key that cannot be decrypted, which is logged once."""
        try:
            return key_pair(stored, self._cipher)
        except Undecryptable:
            if stored.kid not in self._unreadable:
                self._unreadable.add(stored.kid)
                get_logger(__name__).exception(
                    "signing key not readable: check AUTH_DATA_KEYS", kid=stored.kid
                )
            return None
