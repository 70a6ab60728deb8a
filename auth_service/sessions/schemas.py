"""Bodies of the session endpoints."""

from uuid import UUID

import msgspec

from auth_service.sessions import model
from shared.contracts.fields import AnyText, Password
from shared.contracts.sessions import Session


class Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    email: AnyText
    password: Password


def session_body(session: model.Session, current: UUID) -> Session:
    """A session in the list; `current` is the id of the session that makes the request."""
    return Session(
        id=str(session.id),
        created_at=session.created_at,
        last_used_at=session.last_used_at,
        expires_at=min(session.expires_at, session.idle_until),
        user_agent=session.user_agent,
        address=session.address,
        current=session.id == current,
    )
