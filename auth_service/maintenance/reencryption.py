"""Re-encryption of stored secrets after a change of AUTH_DATA_KEYS, so that old keys can be removed."""

import asyncio
from uuid import UUID

from auth_service.database.encryption import DataCipher, Undecryptable
from auth_service.database.engine import Database
from auth_service.factors.repository import FactorRepository
from auth_service.tokens.repository import SigningKeyRepository
from shared.errors import Unavailable
from shared.logs import get_logger

log = get_logger(__name__)

BATCH_SIZE = 100
INTERVAL_S = 600.0
FIRST = UUID(int=0)


class Reencryption:
    """Encrypts with the first key what was encrypted with another one."""

    def __init__(self, database: Database, cipher: DataCipher) -> None:
        self._database = database
        self._cipher = cipher

    async def run(self) -> None:
        """Repeats `reencrypt` every INTERVAL_S until cancelled: other replicas may still use the old keys."""
        while True:
            try:
                if changed := await self.reencrypt():
                    log.info("secrets encrypted with the first of AUTH_DATA_KEYS", count=changed)
            except Unavailable:
                log.warning("secrets not encrypted again: database unavailable", retry_in_s=INTERVAL_S)
            await asyncio.sleep(INTERVAL_S)

    async def reencrypt(self) -> int:
        """Returns the number of changed secrets. One that no key decrypts is logged and stays as it is."""
        return await self._reencrypt_signing_keys() + await self._reencrypt_factors()

    async def _reencrypt_signing_keys(self) -> int:
        changed = 0
        async with self._database.transaction() as transaction:
            for key in await SigningKeyRepository(transaction).list_outdated(self._cipher.current_prefix):
                try:
                    private = self._cipher.decrypt(key.private_key, key.row)
                except Undecryptable:
                    log.exception("signing key not readable", kid=key.kid)
                    continue
                key.private_key = self._cipher.encrypt(private, key.row)
                changed += 1
        return changed

    async def _reencrypt_factors(self) -> int:
        changed, after = 0, FIRST
        while True:
            async with self._database.transaction() as transaction:
                outdated = FactorRepository(transaction)
                page = await outdated.list_outdated(self._cipher.current_prefix, after, BATCH_SIZE)
                for factor in page:
                    try:
                        secret = self._cipher.decrypt(factor.secret or b"", factor.row)
                    except Undecryptable:
                        log.exception("secret of a factor not readable", factor=str(factor.id))
                        continue
                    factor.secret = self._cipher.encrypt(secret, factor.row)
                    changed += 1
            if not page:
                return changed
            after = page[-1].id
