"""Accounts, for administrators."""

from typing import Any

from litestar import Controller, Request, patch
from litestar.params import FromPath, JSONBody

from gateway.clients.auth import AuthService
from gateway.identity.auth_guard import principal_of
from gateway.identity.token_cache import TokenCache
from gateway.modules.administration.schemas import UserQuery
from gateway.openapi.problem_responses import NO_STORE, SIGNED_IN, problems
from gateway.pass_through import forward, upstream_path
from shared.contracts.administration import ChangeUser, ManagedUser, UserPage
from shared.http import Injected


class UsersController(Controller):
    path = "/v1/admin/users"
    tags = ["administration"]  # noqa: RUF012 - Litestar's own form
    cache_control = NO_STORE

    users = forward(
        "GET",
        query=UserQuery,
        answer=UserPage,
        summary="List accounts, newest first",
        operation_id="list_users",
        problems=(400, 401, 403),
    )

    @patch(
        "/{user_id:str}",
        summary="Change the roles of an account, disable or enable it",
        operation_id="change_user",
        security=SIGNED_IN,
        responses=problems(400, 401, 403, 404, 408, 409, 413, 415),
    )
    async def change_user(
        self,
        request: Request[Any, Any, Any],
        user_id: FromPath[str],
        data: JSONBody[ChangeUser],
        service: Injected[AuthService],
        tokens: Injected[TokenCache],
    ) -> ManagedUser:
        path, caller = upstream_path(request), principal_of(request)
        with tokens.changing(user_id):
            changed = await service.call("PATCH", path, ManagedUser, data, caller)
        tokens.forget_user(changed.id)  # the path may spell the same id in another way
        return changed
