"""Account administration endpoints and their bodies."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, patch
from litestar.params import FromPath, JSONBody, QueryParameter

from auth_service.admin.service import Administration
from auth_service.audit.actor import Actor
from auth_service.users.page_cursor import Cursor, Limit, bad_cursor, decode_cursor, encode_cursor
from auth_service.users.repository import User
from shared.contracts.administration import ChangeUser, ManagedUser, UserPage
from shared.contracts.fields import Moment
from shared.http import Injected


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


EmailPart = Annotated[str | None, QueryParameter(name="email", max_length=254)]


class AdministrationController(Controller):
    """Listing and changing accounts. The service checks authorization in the transaction of each action."""

    path = "/v1/admin/users"

    @get()
    async def list_users(
        self,
        actor: Injected[Actor],
        administration: Injected[Administration],
        email: EmailPart = None,
        cursor: Cursor = None,
        limit: Limit = 20,
    ) -> UserPage:
        found = await administration.list_users(actor, email, parse_user_cursor(cursor), limit + 1)
        return user_page(found, limit)

    @patch("/{user_id:uuid}")
    async def change_user(
        self,
        user_id: FromPath[UUID],
        data: JSONBody[ChangeUser],
        actor: Injected[Actor],
        administration: Injected[Administration],
    ) -> ManagedUser:
        changed = await administration.change_user(
            actor,
            user_id,
            roles=None if data.roles is msgspec.UNSET else data.roles,
            disabled=None if data.disabled is msgspec.UNSET else data.disabled,
        )
        return managed_user(changed)
