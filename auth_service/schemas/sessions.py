"""Bodies: where one is signed in."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from auth_service.models import SignIn


class Session(msgspec.Struct, frozen=True):
    """`last_used_at`, `user_agent` and `address` are those of the sign-in or the latest refresh."""

    id: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    user_agent: str | None
    address: str | None
    current: bool


class SessionList(msgspec.Struct, frozen=True):
    items: tuple[Session, ...]


def sessions(found: Sequence[SignIn], current: UUID) -> SessionList:
    return SessionList(
        tuple(
            Session(
                id=str(each.id),
                created_at=each.created_at,
                last_used_at=each.last_used_at,
                expires_at=min(each.expires_at, each.idle_until),
                user_agent=each.user_agent,
                address=each.address,
                current=each.id == current,
            )
            for each in found
        )
    )
