"""With which providers one signs in."""

from litestar import Controller, delete, get
from litestar.di import Provide
from litestar.params import FromPath

from auth_service.caching import NO_STORE
from auth_service.introspection.authentication import signed_in
from auth_service.introspection.service import Caller
from auth_service.oauth.identities.schemas import ProviderNames
from auth_service.oauth.identities.schemas import identities as listed
from auth_service.oauth.identities.service import OwnIdentities
from shared.contracts.oauth import IdentityList
from shared.http import Injected


class IdentityController(Controller):
    path = "/v1/auth/identities"
    cache_control = NO_STORE
    dependencies = {"caller": Provide(signed_in)}  # noqa: RUF012 - Litestar's own form

    @get()
    async def list_own(
        self,
        caller: Injected[Caller],
        own_identities: Injected[OwnIdentities],
        provider_names: Injected[ProviderNames],
    ) -> IdentityList:
        return listed(await own_identities.of(caller.claims.sub), provider_names)

    @delete("/{identity_id:str}")
    async def unlink(
        self,
        identity_id: FromPath[str],
        caller: Injected[Caller],
        own_identities: Injected[OwnIdentities],
    ) -> None:
        await own_identities.unlink(caller.claims.sub, identity_id)
