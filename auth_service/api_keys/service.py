"""API keys: made, listed and deleted by their owner."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID

from auth_service.api_keys.key_format import fingerprint, hint, new_api_key
from auth_service.errors import TokenRefused, TooManyKeys, bad_field
from auth_service.models import ApiKey
from auth_service.repository import Store
from auth_service.sessions.revocation import Revoking
from shared.errors import NotFound

MOST_PER_ACCOUNT = 50


class ApiKeys:
    def __init__(
        self,
        *,
        store: Store,
        revoking: Revoking,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
        announced: Callable[[], None],
    ) -> None:
        self._store = store
        self._revoking = revoking
        self._now = now
        self._new_id = new_id
        self._announced = announced

    async def create(
        self, user_id: UUID, name: str, scopes: Sequence[str], expires_at: datetime | None
    ) -> tuple[ApiKey, str]:
        """The key itself is returned here and never again. Raises InvalidRequest, TooManyKeys."""
        now, expires_at = self._now(), _in_utc(expires_at)
        if expires_at is not None and expires_at <= now:
            raise bad_field("expires_at", "must be in the future")
        text = new_api_key()
        key = ApiKey(
            id=self._new_id(),
            user_id=user_id,
            fingerprint=fingerprint(text),
            name=name,
            hint=hint(text),
            scopes=sorted(set(scopes)),
            created_at=now,
            expires_at=expires_at,
        )
        async with self._store.transaction() as repository:
            if await repository.users.locked(user_id) is None:
                raise TokenRefused
            if await repository.api_keys.count(user_id) >= MOST_PER_ACCOUNT:
                raise TooManyKeys(f"An account may have {MOST_PER_ACCOUNT} API keys.")
            await repository.api_keys.add(key)
        return key, text

    async def of(self, user_id: UUID) -> Sequence[ApiKey]:
        async with self._store.transaction() as repository:
            return await repository.api_keys.of(user_id)

    async def delete(self, user_id: UUID, key_id: UUID) -> None:
        """It is refused from now on, on every gateway. Raises NotFound, for somebody else's too."""
        async with self._store.transaction() as repository:
            if not await repository.api_keys.delete(key_id, user_id):
                raise NotFound
            await self._revoking.tell(repository, user_id, [key_id])
        self._announced()


def _in_utc(moment: datetime | None) -> datetime | None:
    """As all times are told. Raises InvalidRequest: the last hours of the year 9999 have none everywhere."""
    try:
        return moment and moment.astimezone(UTC)
    except OverflowError:
        raise bad_field("expires_at", "is too far away") from None
