"""Ending access at once: what is revoked in the store is told to every gateway, in the same transaction."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from auth_service.repository import Repository
from shared.contracts.events import Event, SessionRevoked
from shared.messaging.envelope import wrap

SOURCE = "/auth_service"


class Revoking:
    """One event for each session, once, however often its end is asked for (ASVS 5.0 §7.4.1, §7.4.2)."""

    def __init__(self, *, now: Callable[[], datetime], new_id: Callable[[], UUID]) -> None:
        self._now = now
        self._new_id = new_id

    async def session(self, repository: Repository, session_id: UUID, *, of: UUID | None = None) -> bool:
        """False when it had ended before or is not that user's."""
        user_id = await repository.sign_ins.revoke(session_id, self._now(), of=of)
        if user_id is not None:
            await self.tell(repository, user_id, [session_id])
        return user_id is not None

    async def sessions(
        self, repository: Repository, user_id: UUID, *, keep: UUID | None = None
    ) -> Sequence[UUID]:
        """All of them but one; those that ended."""
        ended = await repository.sign_ins.revoke_all(user_id, self._now(), keep=keep)
        await self.tell(repository, user_id, ended)
        return ended

    async def account(self, repository: Repository, user_id: UUID) -> None:
        """Whoever disables or deletes it: its sessions end, and gateways forget its API keys."""
        await self.sessions(repository, user_id)
        await self.tell(repository, user_id, [key.id for key in await repository.api_keys.of(user_id)])

    async def keys(self, repository: Repository, user_id: UUID) -> Sequence[UUID]:
        """Its API keys are gone, and every gateway is told; those that it had."""
        ended = await repository.api_keys.delete_all(user_id)
        await self.tell(repository, user_id, ended)
        return ended

    async def tell(self, repository: Repository, user_id: UUID, ended: Sequence[UUID]) -> None:
        for each in ended:
            event = SessionRevoked(session_id=str(each), user_id=str(user_id))
            await self.announce(repository, event, each)

    async def announce(self, repository: Repository, event: Event, subject: UUID) -> None:
        envelope = wrap(event, SOURCE, str(subject), str(self._new_id()), time=self._now())
        await repository.announce(envelope)
