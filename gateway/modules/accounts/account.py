"""Change the account, its password, or leave."""

from typing import Any

from litestar import Controller, Request, delete, patch, post
from litestar.params import JSONBody

from gateway.clients.accounts import AccountClient
from gateway.identity.auth_guard import limited, principal_of
from gateway.identity.token_cache import TokenCache
from gateway.limits.rate_limit import Rate
from gateway.modules.accounts.schemas import ChangeAccount, ChangePassword, DeleteAccount
from gateway.openapi.problem_responses import NO_STORE, SIGNED_IN, problems
from shared.contracts.http import Account
from shared.http import Injected

AnyRequest = Request[Any, Any, Any]


class AccountController(Controller):
    """Each call asks for the password, so each is limited like a sign-in."""

    path = "/v1/auth"
    tags = ["accounts"]  # noqa: RUF012 - Litestar's own form
    opt = limited(Rate.LOGIN)
    cache_control = NO_STORE

    @patch(
        "/me",
        summary="Change the account's address",
        operation_id="change_account",
        security=SIGNED_IN,
        responses=problems(400, 401, 403, 408, 409, 413, 415),
    )
    async def change(
        self,
        request: AnyRequest,
        data: JSONBody[ChangeAccount],
        accounts: Injected[AccountClient],
        tokens: Injected[TokenCache],
    ) -> Account:
        principal = principal_of(request)
        with tokens.changing(principal.user_id):
            return await accounts.change_email(principal.access_token, data.email, data.current_password)

    @delete(
        "/me",
        summary="Remove the account and everything it owns",
        operation_id="delete_account",
        security=SIGNED_IN,
        responses=problems(400, 401, 403, 408, 409, 413, 415),
    )
    async def remove(
        self,
        request: AnyRequest,
        data: JSONBody[DeleteAccount],
        accounts: Injected[AccountClient],
        tokens: Injected[TokenCache],
    ) -> None:
        principal = principal_of(request)
        with tokens.changing(principal.user_id):
            await accounts.delete(principal.access_token, data.password)

    @post(
        "/password/change",
        status_code=204,
        summary="Change the password and end all other sessions",
        operation_id="change_password",
        security=SIGNED_IN,
        responses=problems(400, 401, 403, 408, 413, 415, 422),
    )
    async def change_password(
        self,
        request: AnyRequest,
        data: JSONBody[ChangePassword],
        accounts: Injected[AccountClient],
        tokens: Injected[TokenCache],
    ) -> None:
        principal = principal_of(request)
        with tokens.changing(principal.user_id):
            await accounts.change_password(principal.access_token, data.current_password, data.password)
