"""Where one is signed in, and ending that."""

from typing import Any

from litestar import Controller, Request, delete, get
from litestar.params import FromPath

from gateway.clients.accounts import AccountClient
from gateway.identity.auth_guard import principal_of
from gateway.identity.token_cache import TokenCache
from gateway.openapi.problem_responses import NO_STORE, SIGNED_IN, problems
from shared.contracts.http import SessionList
from shared.http import Injected

AnyRequest = Request[Any, Any, Any]


class SessionsController(Controller):
    path = "/v1/auth/sessions"
    tags = ["accounts"]  # noqa: RUF012 - Litestar's own form
    cache_control = NO_STORE

    @get(
        summary="Where you are signed in",
        operation_id="list_sessions",
        security=SIGNED_IN,
        responses=problems(401, 403),
    )
    async def list_own(self, request: AnyRequest, accounts: Injected[AccountClient]) -> SessionList:
        return await accounts.sessions(principal_of(request).access_token)

    @delete(
        "/{session_id:str}",
        summary="Sign out there",
        operation_id="end_session",
        security=SIGNED_IN,
        responses=problems(400, 401, 403, 404),
    )
    async def end(
        self,
        request: AnyRequest,
        session_id: FromPath[str],
        accounts: Injected[AccountClient],
        tokens: Injected[TokenCache],
    ) -> None:
        principal = principal_of(request)
        with tokens.changing(principal.user_id):
            await accounts.end_session(principal.access_token, session_id)
