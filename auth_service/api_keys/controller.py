"""One's API keys."""

from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.di import Provide
from litestar.params import FromPath, JSONBody

from auth_service.api_keys.schemas import NewApiKey, listed, made
from auth_service.api_keys.service import ApiKeys
from auth_service.caching import NO_STORE
from auth_service.introspection.authentication import signed_in
from auth_service.introspection.service import Caller
from shared.contracts.api_keys import ApiKeyList, MadeApiKey
from shared.http import Injected


class ApiKeyController(Controller):
    path = "/v1/auth/api-keys"
    cache_control = NO_STORE
    dependencies = {"caller": Provide(signed_in)}  # noqa: RUF012 - Litestar's own form

    @post()
    async def create(
        self, data: JSONBody[NewApiKey], caller: Injected[Caller], api_keys: Injected[ApiKeys]
    ) -> MadeApiKey:
        return made(*await api_keys.create(caller.claims.sub, data.name, data.scopes, data.expires_at))

    @get()
    async def list_own(self, caller: Injected[Caller], api_keys: Injected[ApiKeys]) -> ApiKeyList:
        return listed(await api_keys.of(caller.claims.sub))

    @delete("/{key_id:uuid}")
    async def delete(
        self, key_id: FromPath[UUID], caller: Injected[Caller], api_keys: Injected[ApiKeys]
    ) -> None:
        await api_keys.delete(caller.claims.sub, key_id)
