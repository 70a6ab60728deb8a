"""API keys, which programs use as access tokens."""

from litestar import Controller

from gateway.openapi.problem_responses import NO_STORE
from gateway.pass_through import forward
from shared.contracts.api_keys import ApiKeyList, MadeApiKey, NewApiKey


class ApiKeysController(Controller):
    path = "/v1/auth/api-keys"
    tags = ["accounts"]  # noqa: RUF012 - Litestar's own form
    cache_control = NO_STORE

    create = forward(
        "POST",
        body=NewApiKey,
        answer=MadeApiKey,
        idempotent=True,
        summary="Create an API key, to be used as an access token; needs a fresh proof",
        operation_id="create_api_key",
        problems=(400, 401, 403, 408, 409, 413, 415, 422),
    )

    list_own = forward(
        "GET",
        answer=ApiKeyList,
        summary="List your API keys",
        operation_id="list_api_keys",
        problems=(401, 403),
    )

    remove = forward(
        "DELETE",
        "/{key_id:str}",
        changes_account=True,
        summary="Delete an API key and the webhooks whose URL it has chosen",
        operation_id="delete_api_key",
        problems=(400, 401, 403, 404),
    )
