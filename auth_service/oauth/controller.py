"""Provider login endpoints, called by the gateway, which makes redirects and cookies for the browser."""

from typing import Annotated

import msgspec
from litestar import Controller, post
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK

from auth_service.oauth.handover import FrontEnd
from auth_service.oauth.providers.ports import AuthorizationResponse, Parameter
from auth_service.oauth.service import ProviderLogin, StartedLogin
from auth_service.throttle.client import Client
from shared.contracts.oauth import SignInCode
from shared.contracts.sessions import TokenPair
from shared.http import Injected

Value = Annotated[str, msgspec.Meta(max_length=128)]


class Start(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Request to start a login; `browser` is the secret from the browser's cookie, if it has one."""

    browser: Value | None = None
    redirect_uri: Parameter | None = None
    code_challenge: Value | None = None


class Finish(AuthorizationResponse, frozen=True, forbid_unknown_fields=True):
    """The authorization response with its state; `browser` is from the cookie."""

    browser: Value = ""
    state: Value = ""


class Redirected(msgspec.Struct, frozen=True):
    location: str


def parse_front_end(start: Start) -> FrontEnd | None:
    """The front end of a request, or None; a single missing parameter becomes empty and is refused later."""
    if start.redirect_uri is None and start.code_challenge is None:
        return None
    return FrontEnd(start.redirect_uri or "", start.code_challenge or "")


class ProviderLoginController(Controller):
    path = "/v1/auth/oauth"

    @post("/{provider:str}/start", status_code=HTTP_200_OK)
    async def start(
        self, provider: FromPath[str], data: JSONBody[Start], provider_login: Injected[ProviderLogin]
    ) -> StartedLogin:
        return await provider_login.start(provider, data.browser, parse_front_end(data))

    @post("/{provider:str}/callback", status_code=HTTP_200_OK)
    async def callback(
        self,
        provider: FromPath[str],
        data: JSONBody[Finish],
        provider_login: Injected[ProviderLogin],
        client: Injected[Client],
    ) -> TokenPair | Redirected:
        end = await provider_login.finish(provider, data.browser, data.state, data, client)
        return Redirected(end) if isinstance(end, str) else end

    @post("/token", status_code=HTTP_200_OK)
    async def token(
        self, data: JSONBody[SignInCode], provider_login: Injected[ProviderLogin], client: Injected[Client]
    ) -> TokenPair:
        return await provider_login.redeem(data.code, data.code_verifier, client)
