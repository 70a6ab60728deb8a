"""Bodies of the API key endpoints."""

from collections.abc import Sequence

import msgspec

from auth_service.api_keys.model import ApiKey
from shared.contracts import api_keys
from shared.contracts.api_keys import ApiKeyList, MadeApiKey


def api_key_body(key: ApiKey) -> api_keys.ApiKey:
    return api_keys.ApiKey(
        id=str(key.id),
        name=key.name,
        hint=key.hint,
        scopes=tuple(key.scopes),
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
    )


def created_api_key(key: ApiKey, text: str) -> MadeApiKey:
    return MadeApiKey(**msgspec.structs.asdict(api_key_body(key)), key=text)


def api_key_list(keys: Sequence[ApiKey]) -> ApiKeyList:
    return ApiKeyList(tuple(api_key_body(key) for key in keys))
