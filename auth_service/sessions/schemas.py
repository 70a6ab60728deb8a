"""Bodies of the session endpoints."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from auth_service.sessions import model, token_pair
from auth_service.users.schemas import Address, Password
from shared.contracts.sessions import Session, SessionList, TokenPair


class Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    email: Address
    password: Password


def token_pair_body(pair: token_pair.TokenPair) -> TokenPair:
    return TokenPair(pair.access_token, "Bearer", pair.expires_in, pair.refresh_token)


def session_list(sessions: Sequence[model.Session], current: UUID) -> SessionList:
    """The list of sessions; `current` is the id of the session that makes the request."""
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
            for each in sessions
        )
    )
