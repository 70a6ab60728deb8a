"""List accounts, change what they may, read who did what."""

from typing import Any

from litestar import Controller, Request, get, patch
from litestar.params import FromPath, JSONBody

from gateway.clients.administration import AdministrationClient
from gateway.identity.auth_guard import principal_of
from gateway.identity.token_cache import TokenCache
from gateway.modules.administration.schemas import ChangeUser, Cursor, EmailPart, Limit
from gateway.openapi.problem_responses import NO_STORE, SIGNED_IN, problems
from shared.contracts.http import AuditPage, ManagedUser, UserPage
from shared.http import Injected

AnyRequest = Request[Any, Any, Any]


class AdministrationController(Controller):
    path = "/v1/admin"
    tags = ["administration"]  # noqa: RUF012 - Litestar's own form
    cache_control = NO_STORE

    @get(
        "/users",
        summary="Accounts, newest first",
        operation_id="list_users",
        security=SIGNED_IN,
        responses=problems(400, 401, 403),
    )
    async def users(
        self,
        request: AnyRequest,
        administration: Injected[AdministrationClient],
        email: EmailPart = None,
        cursor: Cursor = None,
        limit: Limit = 20,
    ) -> UserPage:
        return await administration.users(principal_of(request).access_token, email, cursor, limit)

    @patch(
        "/users/{user_id:str}",
        summary="Give or take roles, disable or enable an account",
        operation_id="change_user",
        security=SIGNED_IN,
        responses=problems(400, 401, 403, 404, 408, 409, 413, 415),
    )
    async def change_user(
        self,
        request: AnyRequest,
        user_id: FromPath[str],
        data: JSONBody[ChangeUser],
        administration: Injected[AdministrationClient],
        tokens: Injected[TokenCache],
    ) -> ManagedUser:
        token = principal_of(request).access_token
        with tokens.changing(user_id):
            changed = await administration.change_user(token, user_id, data)
        tokens.forget_user(changed.id)  # the path may spell the same id in another way
        return changed

    @get(
        "/audit",
        summary="What administrators did, newest first",
        operation_id="list_audit",
        security=SIGNED_IN,
        responses=problems(400, 401, 403),
    )
    async def audit(
        self,
        request: AnyRequest,
        administration: Injected[AdministrationClient],
        cursor: Cursor = None,
        limit: Limit = 20,
    ) -> AuditPage:
        return await administration.audit(principal_of(request).access_token, cursor, limit)
