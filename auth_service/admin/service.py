"""Administration of accounts; every action is recorded in the audit log, in the same transaction."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from auth_service.audit.actor import Actor, require_administrator
from auth_service.audit.service import AuditLog
from auth_service.database.engine import Database
from auth_service.database.outbox import EventWriter
from auth_service.errors import OwnAdministrator, UnverifiedAdministrator
from auth_service.sessions.revocation import Revocation
from auth_service.users.address import canonical_parts
from auth_service.users.model import ADMIN, User
from auth_service.users.repository import UserRepository
from shared.errors import NotFound


@dataclass(frozen=True)
class Administration:
    """Lists and changes accounts.

    All methods raise Forbidden unless the actor is an administrator at that moment (ASVS 5.0 §8.2.1).
    """

    database: Database
    audit_log: AuditLog
    revocation: Revocation
    events: EventWriter
    now: Callable[[], datetime]

    async def list_users(
        self, actor: Actor, containing: str | None, before: tuple[datetime, UUID] | None, limit: int
    ) -> Sequence[User]:
        """A page of accounts, newest first; `containing` is a case-insensitive substring of the address."""
        async with self.database.transaction() as transaction:
            await require_administrator(transaction, actor.id)
            substrings = canonical_parts(containing) if containing else ()
            found = await UserRepository(transaction).page(substrings, before, limit)
            await self.audit_log.record(transaction, actor, "users_listed", None, {"email": containing or ""})
        return found

    async def change_user(
        self, actor: Actor, user_id: UUID, *, roles: Collection[str] | None, disabled: bool | None
    ) -> User:
        """Changes roles or the disabled flag; None leaves a value unchanged. The loss of a role and disabling
        revoke all sessions (ASVS 5.0 §8.3.2).

        Raises NotFound, OwnAdministrator: actors cannot stop being administrators, so one always remains; and
        UnverifiedAdministrator: anyone can register an address that is not theirs.
        """
        async with self.database.transaction() as transaction:
            await require_administrator(transaction, actor.id)
            user = await UserRepository(transaction).lock(user_id)
            if user is None:
                raise NotFound
            before = _snapshot(user)
            lost = set(user.roles) - set(roles) if roles is not None else set[str]()
            is_promoted = roles is not None and ADMIN in roles and ADMIN not in user.roles
            if is_promoted and user.email_verified_at is None:
                raise UnverifiedAdministrator
            _apply(user, roles, disabled=disabled, now=self.now())
            if user.id == actor.id and (ADMIN not in user.roles or user.disabled_at is not None):
                raise OwnAdministrator
            if lost or user.disabled_at is not None:
                await self.revocation.revoke_account(transaction, user.id)
            details = {"before": before, "after": _snapshot(user)}
            await self.audit_log.record(transaction, actor, "user_changed", user.id, details)
        self.events.wake_relay()
        return user


def _apply(user: User, roles: Collection[str] | None, *, disabled: bool | None, now: datetime) -> None:
    if roles is not None:
        user.roles = sorted(set(roles), reverse=True)
    if disabled is not None:
        user.disabled_at = (user.disabled_at or now) if disabled else None


def _snapshot(user: User) -> dict[str, Any]:
    return {"roles": list(user.roles), "disabled": user.disabled_at is not None}
