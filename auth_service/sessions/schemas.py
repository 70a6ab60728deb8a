"""Bodies: where one is signed in."""

from collections.abc import Sequence
from uuid import UUID

from auth_service.models import SignIn
from shared.contracts.sessions import Session, SessionList


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
