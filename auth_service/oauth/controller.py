"""Provider login endpoints, called by the gateway, which faces the browser."""

from litestar import Controller, post
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK

from auth_service.oauth.schemas import (
    Finish,
    Redirected,
    Start,
    Started,
    parse_front_end,
    parse_response,
    started_body,
)
from auth_service.oauth.service import ProviderLogin
from auth_service.sessions.schemas import token_pair_body
from auth_service.throttle.client import Client
from shared.contracts.oauth import SignInCode
from shared.contracts.sessions import TokenPair
from shared.http import Injected


class ProviderLoginController(Controller):
    path = "/v1/auth/oauth"

    @post("/{provider:str}/start", status_code=HTTP_200_OK)
    async def start(
        self, provider: FromPath[str], data: JSONBody[Start], provider_login: Injected[ProviderLogin]
    ) -> Started:
        return started_body(await provider_login.start(provider, data.browser, parse_front_end(data)))

    @post("/{provider:str}/callback", status_code=HTTP_200_OK)
    async def callback(
        self,
        provider: FromPath[str],
        data: JSONBody[Finish],
        provider_login: Injected[ProviderLogin],
        client: Injected[Client],
    ) -> TokenPair | Redirected:
        response = parse_response(data)
        end = await provider_login.finish(provider, data.browser, data.state, response, client)
        return Redirected(end) if isinstance(end, str) else token_pair_body(end)

    @post("/token", status_code=HTTP_200_OK)
    async def token(
        self, data: JSONBody[SignInCode], provider_login: Injected[ProviderLogin], client: Injected[Client]
    ) -> TokenPair:
        return token_pair_body(await provider_login.redeem(data.code, data.code_verifier, client))
