"""API keys: creation, listing and deletion by their owner."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from auth_service.api_keys.key_format import fingerprint, hint, new_api_key
from auth_service.api_keys.model import ApiKey
from auth_service.api_keys.repository import ApiKeyRepository
from auth_service.audit.activity.caller import Caller
from auth_service.audit.activity.event import Event
from auth_service.audit.activity.service import ActivityLog
from auth_service.database.engine import Database
from auth_service.database.outbox import EventWriter
from auth_service.errors import TooManyKeys, bad_field
from auth_service.mailer.service import AccountMailer
from auth_service.users.repository import UserRepository
from shared.errors import InvalidToken, NotFound

MAX_KEYS_PER_ACCOUNT = 50


@dataclass(frozen=True)
class ApiKeys:
    database: Database
    mailer: AccountMailer
    activity: ActivityLog
    events: EventWriter
    now: Callable[[], datetime]
    new_id: Callable[[], UUID]

    async def create(
        self, caller: Caller, name: str, scopes: Sequence[str], expires_at: datetime | None
    ) -> tuple[ApiKey, str]:
        """Creates a key; returns its row and its text, which is stored only as a hash. Raises InvalidRequest,
        TooManyKeys.
        """
        now, expires_at = self.now(), _in_utc(expires_at)
        if expires_at is not None and expires_at <= now:
            raise bad_field("expires_at", "must be in the future")
        text = new_api_key()
        key = ApiKey(
            id=self.new_id(),
            user_id=caller.user_id,
            fingerprint=fingerprint(text),
            name=name,
            hint=hint(text),
            scopes=sorted(set(scopes)),
            created_at=now,
            expires_at=expires_at,
        )
        async with self.database.transaction() as transaction:
            api_keys = ApiKeyRepository(transaction)
            user = await UserRepository(transaction).lock(caller.user_id)
            if user is None:
                raise InvalidToken
            if await api_keys.count(user.id) >= MAX_KEYS_PER_ACCOUNT:
                raise TooManyKeys(f"An account may have {MAX_KEYS_PER_ACCOUNT} API keys.")
            await api_keys.insert(key)
            details = {"key_id": str(key.id), "hint": key.hint, "scopes": " ".join(key.scopes)}
            await self.activity.record_call(transaction, Event.API_KEY_CREATED, caller, details)
            await self.mailer.notify_of(transaction, Event.API_KEY_CREATED, user)
        self.events.wake_relay()
        return key, text

    async def list(self, user_id: UUID) -> Sequence[ApiKey]:
        """The user's keys, newest first, including expired ones."""
        async with self.database.transaction() as transaction:
            return await ApiKeyRepository(transaction).list(user_id)

    async def delete(self, caller: Caller, key_id: UUID) -> None:
        """Deletes a key and announces it, so that gateways refuse it and its webhooks end. Raises NotFound,
        also for another user's key.
        """
        async with self.database.transaction() as transaction:
            if not await ApiKeyRepository(transaction).delete(key_id, caller.user_id):
                raise NotFound
            await self.events.write_revocations(transaction, caller.user_id, [key_id], key_deleted=True)
            await self.activity.record_call(
                transaction, Event.API_KEY_DELETED, caller, {"key_id": str(key_id)}
            )
        self.events.wake_relay()


def _in_utc(moment: datetime | None) -> datetime | None:
    """Converts to UTC. Raises InvalidRequest if the time has no UTC equivalent (the last hours of the year
    9999).
    """
    try:
        return moment and moment.astimezone(UTC)
    except OverflowError:
        raise bad_field("expires_at", "is too far away") from None
