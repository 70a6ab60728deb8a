"""Signing in with providers, for the gateway: it faces the browser, these calls know the protocol."""

from litestar import Controller, post
from litestar.di import Provide
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK

from auth_service.accounts.schemas import tokens
from auth_service.caching import NO_STORE
from auth_service.introspection.authentication import origin
from auth_service.oauth.schemas import (
    Finish,
    Redeem,
    Redirected,
    Start,
    Started,
    answer,
    front_end,
    started,
)
from auth_service.oauth.service import ProviderSignIns
from auth_service.throttle.client import Client
from shared.contracts.sessions import TokenPair
from shared.http import Injected


class ProviderController(Controller):
    path = "/v1/auth/oauth"
    dependencies = {"client": Provide(origin, sync_to_thread=False)}  # noqa: RUF012 - Litestar's own form
    cache_control = NO_STORE

    @post("/{provider:str}/start", status_code=HTTP_200_OK)
    async def start(
        self, provider: FromPath[str], data: JSONBody[Start], sign_ins: Injected[ProviderSignIns]
    ) -> Started:
        return started(await sign_ins.begin(provider, data.browser, front_end(data)))

    @post("/{provider:str}/callback", status_code=HTTP_200_OK)
    async def callback(
        self,
        provider: FromPath[str],
        data: JSONBody[Finish],
        sign_ins: Injected[ProviderSignIns],
        client: Injected[Client],
    ) -> TokenPair | Redirected:
        end = await sign_ins.finish(provider, data.browser, data.state, answer(data), client)
        return Redirected(end) if isinstance(end, str) else tokens(end)

    @post("/token", status_code=HTTP_200_OK)
    async def token(
        self, data: JSONBody[Redeem], sign_ins: Injected[ProviderSignIns], client: Injected[Client]
    ) -> TokenPair:
        return tokens(await sign_ins.redeem(data.code, data.code_verifier, client))
