"""Sessions of the page: the refresh token stays in a cookie, and the page gets access tokens only."""

from typing import Any

import msgspec
from litestar import Controller, Request, Response, post
from litestar.params import JSONBody

from gateway.clients.account_sessions import AccountSessions
from gateway.clients.auth import AuthService
from gateway.identity.auth_guard import limited, principal_of, public
from gateway.limits.rate_limit import Rate
from gateway.modules.browser_sessions.session_cookie import SessionCookie
from gateway.openapi.problem_responses import NO_STORE, SIGNED_IN, problems
from shared.contracts.factors import FinishLogin
from shared.contracts.oauth import SignInCode
from shared.contracts.sessions import SignIn, TokenPair
from shared.errors import Unauthenticated
from shared.http import Injected
from shared.identity.scopes import open_without_factor

REFUSED = (400, 401, 403, 408, 413, 415)


class AccessToken(msgspec.Struct, frozen=True):
    """An access token valid for `expires_in` seconds; the refresh token is in the cookie."""

    access_token: str
    token_type: str
    expires_in: int


class BrowserSessionController(Controller):
    """The module's guard protects these calls, which a cookie would open to the pages of other sites."""

    path = "/v1/auth/browser"
    tags = ["accounts"]  # noqa: RUF012 - Litestar's own form
    cache_control = NO_STORE

    @post(
        "/login",
        opt=public | limited(Rate.LOGIN),
        status_code=200,
        summary="Sign in at this server's page; the refresh token is set as a cookie",
        operation_id="browser_login",
        responses=problems(*REFUSED),
    )
    async def login(
        self, data: JSONBody[SignIn], service: Injected[AuthService], session_cookie: Injected[SessionCookie]
    ) -> Response[AccessToken]:
        return started(await service.call("POST", "/v1/auth/login", TokenPair, data), session_cookie)

    @post(
        "/login/factor",
        opt=public | limited(Rate.LOGIN),
        status_code=200,
        summary="Finish a sign-in at this server's page with a second factor",
        operation_id="browser_finish_login",
        responses=problems(*REFUSED),
    )
    async def finish_login(
        self,
        data: JSONBody[FinishLogin],
        service: Injected[AuthService],
        session_cookie: Injected[SessionCookie],
    ) -> Response[AccessToken]:
        return started(await service.call("POST", "/v1/auth/login/factor", TokenPair, data), session_cookie)

    @post(
        "/login/provider",
        opt=public | limited(Rate.LOGIN),
        status_code=200,
        summary="Exchange the code of a sign-in with a provider at this server's page",
        operation_id="browser_redeem_provider_sign_in",
        responses=problems(*REFUSED),
    )
    async def redeem(
        self,
        data: JSONBody[SignInCode],
        service: Injected[AuthService],
        session_cookie: Injected[SessionCookie],
    ) -> Response[AccessToken]:
        return started(await service.call("POST", "/v1/auth/oauth/token", TokenPair, data), session_cookie)

    @post(
        "/refresh",
        opt=public,
        status_code=200,
        summary="Get a new access token for the session in the cookie",
        operation_id="browser_refresh",
        responses=problems(401, 403),
    )
    async def refresh(
        self,
        request: Request[Any, Any, Any],
        sessions: Injected[AccountSessions],
        session_cookie: Injected[SessionCookie],
    ) -> Response[AccessToken]:
        refresh_token = session_cookie.read(request.cookies)
        if refresh_token is None:
            raise Unauthenticated("This browser is not signed in.")
        return started(await sessions.refresh(refresh_token), session_cookie)

    @post(
        "/logout",
        opt=open_without_factor(),
        status_code=204,
        summary="End the session of the access token, and remove the cookie",
        operation_id="browser_logout",
        security=SIGNED_IN,
        responses=problems(401, 403),
    )
    async def logout(
        self,
        request: Request[Any, Any, Any],
        sessions: Injected[AccountSessions],
        session_cookie: Injected[SessionCookie],
    ) -> Response[None]:
        await sessions.end(principal_of(request))
        return Response(None, status_code=204, cookies=session_cookie.clear())


def started(pair: TokenPair, session_cookie: SessionCookie) -> Response[AccessToken]:
    return Response(
        AccessToken(pair.access_token, pair.token_type, pair.expires_in),
        cookies=session_cookie.make(pair.refresh_token),
    )
