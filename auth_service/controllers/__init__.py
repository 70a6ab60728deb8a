"""The account service over HTTP: accounts and sessions for everybody, introspection for the gateway."""

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.datastructures import CacheControlHeader
from litestar.di import Provide
from litestar.enums import RequestEncodingType
from litestar.params import Body, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT

from auth_service.access import AccessTokens
from auth_service.credentials import signed_in
from auth_service.schemas import (
    Account,
    Active,
    Inactive,
    Introspect,
    KeySet,
    Login,
    Refresh,
    Register,
    Tokens,
    account,
    introspection,
    tokens,
)
from auth_service.service import Accounts
from auth_service.sessions import Caller, Sessions
from shared.http import Injected

KEYS_MAX_AGE_S = 60

# RFC 6749 §5.1: what holds tokens is not for any cache; what is about one person neither.
NO_STORE = CacheControlHeader(no_store=True)


class AccountController(Controller):
    path = "/v1/auth"
    cache_control = NO_STORE
    dependencies = {"caller": Provide(signed_in)}  # noqa: RUF012 - Litestar's own form

    @post("/register")
    async def register(self, data: JSONBody[Register], accounts: Injected[Accounts]) -> Account:
        return account(await accounts.register(data.email, data.password))

    @post("/login", status_code=HTTP_200_OK)
    async def login(self, data: JSONBody[Login], accounts: Injected[Accounts]) -> Tokens:
        return tokens(await accounts.sign_in(data.email, data.password))

    @post("/refresh", status_code=HTTP_200_OK)
    async def refresh(self, data: JSONBody[Refresh], sessions: Injected[Sessions]) -> Tokens:
        return tokens(await sessions.refresh(data.refresh_token))

    @post("/logout", status_code=HTTP_204_NO_CONTENT)
    async def logout(self, caller: Injected[Caller], sessions: Injected[Sessions]) -> None:
        await sessions.end(caller)

    @get("/me")
    async def me(self, caller: Injected[Caller], accounts: Injected[Accounts]) -> Account:
        return account(await accounts.account(caller.claims.sub))


class KeyController(Controller):
    @get("/.well-known/jwks.json")
    async def jwks(self, access_tokens: Injected[AccessTokens]) -> Response[KeySet]:
        keys = KeySet(tuple(await access_tokens.public_keys()))
        headers = {"Cache-Control": f"public, max-age={KEYS_MAX_AGE_S}"}
        return Response(keys, media_type="application/jwk-set+json", headers=headers)


class IntrospectionController(Controller):
    """RFC 7662. Whoever routes to it guards it."""

    path = "/introspect"
    cache_control = NO_STORE

    @post(status_code=HTTP_200_OK)
    async def introspect(
        self,
        data: Annotated[Introspect, Body(media_type=RequestEncodingType.URL_ENCODED)],
        sessions: Injected[Sessions],
    ) -> Active | Inactive:
        return introspection(data.token, await sessions.caller(data.token))
