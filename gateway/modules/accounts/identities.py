"""With which providers one signs in, and ending that."""

from typing import Any

from litestar import Controller, Request, delete, get
from litestar.params import FromPath

from gateway.clients.accounts import AccountClient
from gateway.identity.auth_guard import principal_of
from gateway.identity.token_cache import TokenCache
from gateway.openapi.problem_responses import NO_STORE, SIGNED_IN, problems
from shared.contracts.http import IdentityList
from shared.http import Injected

AnyRequest = Request[Any, Any, Any]


class IdentitiesController(Controller):
    path = "/v1/auth/identities"
    tags = ["accounts"]  # noqa: RUF012 - Litestar's own form
    cache_control = NO_STORE

    @get(
        summary="The providers that you sign in with",
        operation_id="list_identities",
        security=SIGNED_IN,
        responses=problems(401, 403),
    )
    async def list_own(self, request: AnyRequest, accounts: Injected[AccountClient]) -> IdentityList:
        return await accounts.identities(principal_of(request).access_token)

    @delete(
        "/{identity_id:str}",
        summary="Sign in there no more",
        operation_id="unlink_identity",
        security=SIGNED_IN,
        responses=problems(400, 401, 403, 404, 409),
    )
    async def unlink(
        self,
        request: AnyRequest,
        identity_id: FromPath[str],
        accounts: Injected[AccountClient],
        tokens: Injected[TokenCache],
    ) -> None:
        principal = principal_of(request)
        with tokens.changing(principal.user_id):
            await accounts.unlink(principal.access_token, identity_id)
