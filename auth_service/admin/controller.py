"""Accounts, as administrators see and change them."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, patch, post
from litestar.di import Provide
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_204_NO_CONTENT

from auth_service.admin.schemas import (
    Acted,
    ChangeUser,
    audit_cursor,
    audit_page,
    managed,
    user_cursor,
    user_page,
)
from auth_service.admin.service import Actor, Administration
from auth_service.caching import NO_STORE
from auth_service.introspection.authentication import from_the_gateway, origin, signed_in
from auth_service.introspection.service import Caller
from auth_service.throttle.client import Client
from shared.contracts.administration import AuditPage, ManagedUser, UserPage
from shared.http import Injected

Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=100)]
Cursor = Annotated[str | None, QueryParameter(name="cursor", max_length=200)]
Part = Annotated[str | None, QueryParameter(name="email", max_length=254)]


def acting(caller: Injected[Caller], client: Injected[Client]) -> Actor:
    return Actor(caller.claims.sub, client)


class AdministrationController(Controller):
    """Whether the actor may is asked of the tables, in the transaction of what is done."""

    path = "/v1/admin"
    cache_control = NO_STORE
    dependencies = {  # noqa: RUF012 - Litestar's own form
        "caller": Provide(signed_in),
        "client": Provide(origin, sync_to_thread=False),
        "actor": Provide(acting, sync_to_thread=False),
    }

    @get("/users")
    async def users(
        self,
        actor: Injected[Actor],
        administration: Injected[Administration],
        email: Part = None,
        cursor: Cursor = None,
        limit: Limit = 20,
    ) -> UserPage:
        found = await administration.users(actor, email, user_cursor(cursor), limit + 1)
        return user_page(found, limit)

    @patch("/users/{user_id:uuid}")
    async def change_user(
        self,
        user_id: FromPath[UUID],
        data: JSONBody[ChangeUser],
        actor: Injected[Actor],
        administration: Injected[Administration],
    ) -> ManagedUser:
        changed = await administration.change(
            actor,
            user_id,
            roles=None if data.roles is msgspec.UNSET else data.roles,
            disabled=None if data.disabled is msgspec.UNSET else data.disabled,
        )
        return managed(changed)

    @get("/audit")
    async def audit(
        self,
        actor: Injected[Actor],
        administration: Injected[Administration],
        cursor: Cursor = None,
        limit: Limit = 20,
    ) -> AuditPage:
        return audit_page(await administration.audit(actor, audit_cursor(cursor), limit + 1), limit)

    @post("/audit", status_code=HTTP_204_NO_CONTENT, guards=[from_the_gateway])
    async def acts(
        self, data: JSONBody[Acted], actor: Injected[Actor], administration: Injected[Administration]
    ) -> None:
        """The gateway's own call, before it has another service do what an administrator asks for."""
        await administration.acts(actor, data.action, data.details)
