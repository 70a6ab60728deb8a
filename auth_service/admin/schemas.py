"""Bodies and page cursors of the account administration endpoints."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from auth_service.users.model import User
from auth_service.users.page_cursor import bad_cursor, decode_cursor, encode_cursor
from shared.contracts.administration import ManagedUser, UserPage
from shared.contracts.fields import Moment


def managed_user(user: User) -> ManagedUser:
    return ManagedUser(
        id=str(user.id),
        email=user.email,
        roles=tuple(user.roles),
        email_verified=user.email_verified_at is not None,
        created_at=user.created_at,
        disabled=user.disabled_at is not None,
        disabled_at=user.disabled_at,
    )


def user_page(users: Sequence[User], limit: int) -> UserPage:
    """A page of `limit` users. `users` has one more if there is a next page."""
    last = users[limit - 1] if len(users) > limit else None
    return UserPage(
        tuple(managed_user(user) for user in users[:limit]),
        encode_cursor([(last.created_at, last.id)]) if last else None,
    )


def parse_user_cursor(text: str | None) -> tuple[datetime, UUID] | None:
    """The creation time and id of the last user of the previous page. Raises InvalidRequest."""
    if text is None:
        return None
    ((moment, user_id),) = decode_cursor(text, tuple[tuple[Moment, UUID]])
    try:
        return moment.astimezone(UTC), user_id
    except OverflowError:
        raise bad_cursor() from None
