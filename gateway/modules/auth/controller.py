"""Register, sign in, refresh, sign out, who am I; and the keys that tokens are signed with."""

from typing import Any

from litestar import Controller, Request, get, post
from litestar.params import JSONBody

from gateway.clients.auth import AuthClient, KeySet
from gateway.clients.auth_calls import SessionEnded
from gateway.idempotency.service import IdempotencyKey, Once
from gateway.identity.auth_guard import limited, principal_of, public
from gateway.identity.token_cache import TokenCache
from gateway.limits.rate_limit import Rate
from gateway.middleware.conditional_requests import shareable
from gateway.modules.auth.schemas import Refresh, Registration, SignIn
from gateway.openapi.problem_responses import NO_STORE, SIGNED_IN, problems
from shared.contracts.http import Account, TokenPair
from shared.http import Injected

KEYS_MAX_AGE_S = 60


class AuthController(Controller):
    path = "/v1/auth"
    tags = ["accounts"]  # noqa: RUF012 - Litestar's own form
    cache_control = NO_STORE

    @post(
        "/register",
        opt=public | limited(Rate.REGISTER),
        summary="Create an account",
        operation_id="register",
        responses=problems(400, 408, 409, 413, 415, 422),
    )
    async def register(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[Registration],
        auth: Injected[AuthClient],
        once: Injected[Once],
        idempotency_key: IdempotencyKey = None,
    ) -> Account:
        return await once.perform(
            request, idempotency_key, data, Account, lambda: auth.register(data.email, data.password)
        )

    @post(
        "/login",
        opt=public | limited(Rate.LOGIN),
        status_code=200,
        summary="Sign in",
        operation_id="login",
        responses=problems(400, 401, 408, 413, 415),
    )
    async def login(self, data: JSONBody[SignIn], auth: Injected[AuthClient]) -> TokenPair:
        return await auth.sign_in(data.email, data.password)

    @post(
        "/refresh",
        opt=public,
        status_code=200,
        summary="Spend a refresh token for a new pair",
        operation_id="refresh",
        responses=problems(400, 401, 408, 413, 415),
    )
    async def refresh(
        self, data: JSONBody[Refresh], auth: Injected[AuthClient], tokens: Injected[TokenCache]
    ) -> TokenPair:
        try:
            return await auth.refresh(data.refresh_token)
        except SessionEnded as ended:
            tokens.revoke_session(ended.session_id)
            raise

    @post(
        "/logout",
        status_code=204,
        summary="End this session everywhere",
        operation_id="logout",
        security=SIGNED_IN,
        responses=problems(401),
    )
    async def logout(
        self, request: Request[Any, Any, Any], auth: Injected[AuthClient], tokens: Injected[TokenCache]
    ) -> None:
        """Other gateways hear of it by way of the broker; this one knows it before it answers."""
        principal = principal_of(request)
        with tokens.changing(principal.user_id):
            await auth.sign_out(principal.access_token)
        if principal.session_id is not None:
            tokens.revoke_session(principal.session_id)

    @get(
        "/me",
        summary="The account of the token",
        operation_id="me",
        security=SIGNED_IN,
        responses=problems(401),
    )
    async def me(self, request: Request[Any, Any, Any], auth: Injected[AuthClient]) -> Account:
        return await auth.me(principal_of(request).access_token)


class KeysController(Controller):
    path = "/.well-known"
    tags = ["accounts"]  # noqa: RUF012

    @get(
        "/jwks.json",
        opt=public | shareable(max_age_s=KEYS_MAX_AGE_S),
        summary="Public keys of access tokens (RFC 7517)",
        operation_id="jwks",
        responses=problems(),
    )
    async def jwks(self, auth: Injected[AuthClient]) -> KeySet:
        return await auth.keys()
