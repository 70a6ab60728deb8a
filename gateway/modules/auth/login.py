"""Login with a password, token refresh and logout."""

from typing import Any

from litestar import Controller, Request, post
from litestar.params import JSONBody

from gateway.clients.account_sessions import AccountSessions
from gateway.identity.auth_guard import limited, principal_of, public
from gateway.limits.rate_limit import Rate
from gateway.openapi.problem_responses import NO_STORE, SIGNED_IN, problems
from gateway.pass_through import forward
from shared.contracts.accounts import OwnAccount
from shared.contracts.factors import FinishLogin
from shared.contracts.sessions import Refresh, SignIn, TokenPair
from shared.http import Injected
from shared.identity.scopes import open_without_factor


class LoginController(Controller):
    path = "/v1/auth"
    tags = ["accounts"]  # noqa: RUF012 - Litestar's own form
    cache_control = NO_STORE

    login = forward(
        "POST",
        "/login",
        body=SignIn,
        answer=TokenPair,
        status_code=200,
        opt=public | limited(Rate.LOGIN),
        summary="Sign in; an account with a second factor is asked for it by `second_factor_required`",
        operation_id="login",
        problems=(400, 401, 408, 413, 415),
    )

    finish_login = forward(
        "POST",
        "/login/factor",
        body=FinishLogin,
        answer=TokenPair,
        status_code=200,
        opt=public | limited(Rate.LOGIN),
        summary="Finish a sign-in with a second factor",
        operation_id="finish_login",
        problems=(400, 401, 408, 413, 415),
    )

    me = forward(
        "GET",
        "/me",
        answer=OwnAccount,
        opt=open_without_factor(),
        summary="Get the account of the access token",
        operation_id="me",
        problems=(401,),
    )

    @post(
        "/refresh",
        opt=public,
        status_code=200,
        summary="Exchange a refresh token for a new pair of tokens",
        operation_id="refresh",
        responses=problems(400, 401, 408, 413, 415),
    )
    async def refresh(self, data: JSONBody[Refresh], sessions: Injected[AccountSessions]) -> TokenPair:
        return await sessions.refresh(data.refresh_token)

    @post(
        "/logout",
        opt=open_without_factor(),
        status_code=204,
        summary="End the session of the access token",
        operation_id="logout",
        security=SIGNED_IN,
        responses=problems(401),
    )
    async def logout(self, request: Request[Any, Any, Any], sessions: Injected[AccountSessions]) -> None:
        await sessions.end(principal_of(request))
