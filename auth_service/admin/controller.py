"""Account administration endpoints."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, patch
from litestar.params import FromPath, JSONBody, QueryParameter

from auth_service.admin.schemas import managed_user, parse_user_cursor, user_page
from auth_service.admin.service import Administration
from auth_service.audit.actor import Actor
from auth_service.users.page_cursor import Cursor, Limit
from shared.contracts.administration import ChangeUser, ManagedUser, UserPage
from shared.http import Injected

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
