"""What administrators do with accounts. Everything leaves a record, in the same transaction."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from auth_service.errors import OwnAdministrator
from auth_service.models import AuditRecord, User
from auth_service.repository import Repository, Store
from auth_service.sessions.revocation import Revoking
from auth_service.throttle.client import Client
from shared.errors import Forbidden, NotFound
from shared.logs import correlation_id

ADMIN = "admin"


class Actor(msgspec.Struct, frozen=True):
    """Who acts, and from where; without an id it is an operator at the command line."""

    id: UUID | None
    client: Client


class Administration:
    """All raise Forbidden for an actor who is not an administrator at this very moment (ASVS 5.0 §8.2.1)."""

    def __init__(
        self, *, store: Store, revoking: Revoking, now: Callable[[], datetime], announced: Callable[[], None]
    ) -> None:
        self._store = store
        self._revoking = revoking
        self._now = now
        self._announced = announced

    async def users(
        self, actor: Actor, containing: str | None, before: tuple[datetime, UUID] | None, limit: int
    ) -> Sequence[User]:
        """Newest first. `containing` is looked for in addresses, in whatever case."""
        async with self._store.transaction() as repository:
            await _allowed(repository, actor)
            wanted = containing.lower() if containing else None
            found = await repository.users.page(wanted, before, limit)
            await self.record(repository, actor, "users_listed", None, {"email": containing or ""})
        return found

    async def change(
        self, actor: Actor, user_id: UUID, *, roles: Collection[str] | None, disabled: bool | None
    ) -> User:
        """None leaves as it is. A role lost or an account disabled ends its sessions (ASVS 5.0 §8.3.2).

        Raises NotFound, and OwnAdministrator: who changes others stays one, so there is always somebody left.
        """
        async with self._store.transaction() as repository:
            await _allowed(repository, actor)
            user = await repository.users.locked(user_id)
            if user is None:
                raise NotFound
            before = _seen(user)
            lost = set(user.roles) - set(roles) if roles is not None else set[str]()
            _apply(user, roles, disabled=disabled, now=self._now())
            if user.id == actor.id and (ADMIN not in user.roles or user.disabled_at is not None):
                raise OwnAdministrator
            if lost or user.disabled_at is not None:
                await self._revoking.account(repository, user.id)
            await self.record(
                repository, actor, "user_changed", user.id, {"before": before, "after": _seen(user)}
            )
        self._announced()
        return user

    async def audit(self, actor: Actor, before: int | None, limit: int) -> Sequence[AuditRecord]:
        """Newest first."""
        async with self._store.transaction() as repository:
            await _allowed(repository, actor)
            found = await repository.audit.page(before, limit)
            await self.record(repository, actor, "audit_listed", None, {})
        return found

    async def acts(self, actor: Actor, action: str, details: Mapping[str, str]) -> None:
        """Records what another service is about to be asked for. Without this record it is not asked."""
        async with self._store.transaction() as repository:
            await _allowed(repository, actor)
            await self.record(repository, actor, action, None, dict(details))

    async def operator_acted(
        self, event_id: str, at: datetime, action: str, details: Mapping[str, str]
    ) -> None:
        """Once per event, under its id: told twice it is recorded once."""
        async with self._store.transaction() as repository:
            if await repository.audit.is_recorded(event_id):
                return
            record = AuditRecord(at=at, action=action, request_id=event_id, details=dict(details))
            await repository.audit.add(record)

    async def record(
        self, repository: Repository, actor: Actor, action: str, subject: UUID | None, details: dict[str, Any]
    ) -> None:
        """Who, what, whom, when, from where (ASVS 5.0 §16.2.1)."""
        await repository.audit.add(
            AuditRecord(
                at=self._now(),
                actor_id=actor.id,
                action=action,
                subject_id=subject,
                address=actor.client.address,
                request_id=correlation_id.get(),
                details=details,
            )
        )


async def _allowed(repository: Repository, actor: Actor) -> None:
    """Nobody can stop being an administrator before the transaction ends."""
    if actor.id not in await repository.users.administrators():
        raise Forbidden("This needs the role admin.")


def _apply(user: User, roles: Collection[str] | None, *, disabled: bool | None, now: datetime) -> None:
    if roles is not None:
        user.roles = sorted(set(roles), reverse=True)
    if disabled is not None:
        user.disabled_at = (user.disabled_at or now) if disabled else None


def _seen(user: User) -> dict[str, Any]:
    return {"roles": list(user.roles), "disabled": user.disabled_at is not None}
