"""SQL of signing keys."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, exists, func, or_, select, update

from auth_service.database.engine import Repository
from auth_service.tokens.model import StoredKey


class SigningKeyRepository(Repository):
    async def list_unexpired(self, now: datetime) -> Sequence[StoredKey]:
        """Every key that signs, will sign, or may have signed a token that is still valid; newest first."""
        good = or_(StoredKey.expires_at.is_(None), StoredKey.expires_at > now)
        newest_first = (StoredKey.signs_from.desc(), StoredKey.kid)
        return (await self._session.scalars(select(StoredKey).where(good).order_by(*newest_first))).all()

    async def has_active_key(self) -> bool:
        return bool(await self._session.scalar(select(exists().where(StoredKey.retired_at.is_(None)))))

    async def list_outdated(self, prefix: bytes) -> Sequence[StoredKey]:
        """Every key that is stored with another prefix, locked."""
        outdated = func.substr(StoredKey.private_key, 1, len(prefix)) != prefix
        return (await self._session.scalars(select(StoredKey).where(outdated).with_for_update())).all()

    async def retire_all(self, at: datetime, expires_at: datetime) -> None:
        """Lets every active key sign until `at` and verify until `expires_at`."""
        statement = update(StoredKey).where(StoredKey.retired_at.is_(None))
        await self._session.execute(statement.values(retired_at=at, expires_at=expires_at))

    async def purge(self, expired_before: datetime) -> int:
        """Deletes keys that no longer verify any valid token; returns their number."""
        statement = delete(StoredKey).where(StoredKey.expires_at < expired_before)
        return len((await self._session.scalars(statement.returning(StoredKey.kid))).all())
