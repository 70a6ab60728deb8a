"""Linked identity endpoints."""

from litestar import Controller, delete, get
from litestar.params import FromPath

from auth_service.oauth.identities.service import LinkedIdentities
from auth_service.tokens.access_token import Principal
from shared.contracts.oauth import IdentityList
from shared.http import Injected


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
        principal: Injected[Principal],
        linked_identities: Injected[LinkedIdentities],
    ) -> None:
        await linked_identities.unlink(principal.claims.sub, identity_id)
