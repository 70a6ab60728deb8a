"""Revocation of sessions and API keys, announced to all gateways in the same transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from auth_service.api_keys.repository import ApiKeyRepository
from auth_service.database.engine import Transaction
from auth_service.database.outbox import EventWriter
from auth_service.sessions.repository import PendingLoginRepository, SessionRepository


@dataclass(frozen=True)
class Revocation:
    """Writes one SessionRevoked per session or API key, however often it is revoked (ASVS 5.0 §7.4.1,
    §7.4.2).
    """

    events: EventWriter
    now: Callable[[], datetime]

    async def revoke_session(
        self, transaction: Transaction, session_id: UUID, *, owner: UUID | None = None
    ) -> UUID | None:
        """Revokes a session; returns its user. None if it was revoked before or, with `owner`, is not a live
        session of that user.
        """
        user_id = await SessionRepository(transaction).revoke(session_id, self.now(), owner=owner)
        if user_id is not None:
            await self.events.write_revocations(transaction, user_id, [session_id])
        return user_id

    async def revoke_sessions(
        self, transaction: Transaction, user_id: UUID, *, keep: UUID | None = None
    ) -> Sequence[UUID]:
        """Revokes the user's sessions but `keep`, and logins that wait for a second factor; returns the
        sessions' ids.
        """
        await PendingLoginRepository(transaction).delete_all(user_id)
        revoked = await SessionRepository(transaction).revoke_all(user_id, self.now(), keep=keep)
        await self.events.write_revocations(transaction, user_id, revoked)
        return revoked

    async def delete_api_keys(self, transaction: Transaction, user_id: UUID) -> Sequence[UUID]:
        """Deletes the user's API keys; returns their ids."""
        deleted = await ApiKeyRepository(transaction).delete_all(user_id)
        await self.events.write_revocations(transaction, user_id, deleted)
        return deleted

    async def revoke_account(self, transaction: Transaction, user_id: UUID) -> None:
        """For an account that is disabled or deleted: revokes its sessions, and makes gateways drop its API
        keys from their caches.
        """
        await self.revoke_sessions(transaction, user_id)
        keys = await ApiKeyRepository(transaction).list(user_id)
        await self.events.write_revocations(transaction, user_id, [key.id for key in keys])
