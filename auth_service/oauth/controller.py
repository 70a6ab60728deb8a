"""Provider login and linked identity endpoints; the gateway makes redirects and cookies for the browser."""

from litestar import Controller, delete, get, post
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK

from auth_service.audit.activity.caller import Caller
from auth_service.factors.proofs import FactorProofs
from auth_service.oauth.identities import LinkedIdentities
from auth_service.oauth.schemas import Finish, Redirected, Start, parse_front_end
from auth_service.oauth.service import ProviderLogin, StartedLogin
from auth_service.throttle.client import Client
from auth_service.tokens.principal import Principal
from shared.contracts.oauth import IdentityList, ProviderList, SignInCode
from shared.contracts.sessions import CurrentPassword, TokenPair
from shared.http import Injected


class ProviderLoginController(Controller):
    path = "/v1/auth/oauth"

    @get("/providers")
    async def offered(self, provider_list: Injected[ProviderList]) -> ProviderList:
        return provider_list

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


class IdentityController(Controller):
    path = "/v1/auth/identities"

    @get()
    async def list_own(
        self, principal: Injected[Principal], linked_identities: Injected[LinkedIdentities]
    ) -> IdentityList:
        return await linked_identities.list(principal.claims.sub)

    @delete("/{identity_id:str}")
    async def unlink(
        self,
        identity_id: FromPath[str],
        caller: Injected[Caller],
        factor_proofs: Injected[FactorProofs],
        linked_identities: Injected[LinkedIdentities],
        data: JSONBody[CurrentPassword | None] = None,
    ) -> None:
        await factor_proofs.require(caller, data.current_password if data else None)
        await linked_identities.unlink(caller, identity_id)
