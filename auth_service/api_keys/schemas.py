"""Bodies of the API key endpoints."""

from auth_service.api_keys.model import ApiKey
from shared.contracts import api_keys


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
