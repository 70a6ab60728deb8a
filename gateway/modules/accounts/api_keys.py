"""Keys for programs: made, listed, taken back."""

from typing import Any

from litestar import Controller, Request, delete, get, post
from litestar.params import FromPath, JSONBody

from gateway.clients.accounts import AccountClient
from gateway.idempotency.service import IdempotencyKey, Once
from gateway.identity.auth_guard import principal_of
from gateway.identity.token_cache import TokenCache
from gateway.modules.accounts.schemas import NewApiKey
from gateway.openapi.problem_responses import NO_STORE, SIGNED_IN, problems
from shared.contracts.http import ApiKeyList, MadeApiKey
from shared.http import Injected

AnyRequest = Request[Any, Any, Any]


class ApiKeysController(Controller):
    path = "/v1/auth/api-keys"
    tags = ["accounts"]  # noqa: RUF012 - Litestar's own form
    cache_control = NO_STORE

    @post(
        summary="Make an API key, to be used as an access token",
        operation_id="create_api_key",
        security=SIGNED_IN,
        responses=problems(400, 401, 403, 408, 409, 413, 415, 422),
    )
    async def create(
        self,
        request: AnyRequest,
        data: JSONBody[NewApiKey],
        accounts: Injected[AccountClient],
        once: Injected[Once],
        idempotency_key: IdempotencyKey = None,
    ) -> MadeApiKey:
        token = principal_of(request).access_token
        return await once.perform(
            request, idempotency_key, data, MadeApiKey, lambda: accounts.make_key(token, data)
        )

    @get(
        summary="Your API keys",
        operation_id="list_api_keys",
        security=SIGNED_IN,
        responses=problems(401, 403),
    )
    async def list_own(self, request: AnyRequest, accounts: Injected[AccountClient]) -> ApiKeyList:
        return await accounts.keys_of(principal_of(request).access_token)

    @delete(
        "/{key_id:str}",
        summary="Take an API key back",
        operation_id="delete_api_key",
        security=SIGNED_IN,
        responses=problems(400, 401, 403, 404),
    )
    async def remove(
        self,
        request: AnyRequest,
        key_id: FromPath[str],
        accounts: Injected[AccountClient],
        tokens: Injected[TokenCache],
    ) -> None:
        principal = principal_of(request)
        with tokens.changing(principal.user_id):
            await accounts.delete_key(principal.access_token, key_id)
