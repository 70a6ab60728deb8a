"""Bodies of the API key endpoints."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from auth_service.api_keys.model import ApiKey
from shared.contracts import api_keys
from shared.contracts.api_keys import ApiKeyList, MadeApiKey

Scope = Literal["conversions:read", "conversions:write"]
SCOPES: tuple[Scope, ...] = ("conversions:read", "conversions:write")
# Not `$`, which also matches before a trailing line feed.
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+(?![\s\S])")]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class NewApiKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Name
    scopes: Annotated[tuple[Scope, ...], msgspec.Meta(min_length=1, max_length=10)] = SCOPES
    expires_at: Moment | None = None


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
