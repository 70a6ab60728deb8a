"""API key endpoints."""

from uuid import UUID

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import FromPath, JSONBody

from auth_service.api_keys.schemas import api_key_body
from auth_service.api_keys.service import ApiKeys
from auth_service.audit.activity.caller import Caller
from auth_service.factors.proofs import FactorProofs
from auth_service.tokens.principal import Principal
from shared.contracts.api_keys import ApiKeyList, MadeApiKey, NewApiKey
from shared.http import Injected


class ApiKeyController(Controller):
    path = "/v1/auth/api-keys"

    @post()
    async def create(
        self,
        data: JSONBody[NewApiKey],
        caller: Injected[Caller],
        factor_proofs: Injected[FactorProofs],
        api_keys: Injected[ApiKeys],
    ) -> MadeApiKey:
        await factor_proofs.require(caller, data.current_password)
        key, text = await api_keys.create(caller, data.name, data.scopes, data.expires_at)
        return MadeApiKey(**msgspec.structs.asdict(api_key_body(key)), key=text)

    @get()
    async def list_own(self, principal: Injected[Principal], api_keys: Injected[ApiKeys]) -> ApiKeyList:
        return ApiKeyList(tuple(map(api_key_body, await api_keys.list(principal.claims.sub))))

    @delete("/{key_id:uuid}")
    async def delete(
        self, key_id: FromPath[UUID], caller: Injected[Caller], api_keys: Injected[ApiKeys]
    ) -> None:
        await api_keys.delete(caller, key_id)
