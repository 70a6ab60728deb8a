"""Request and response bodies of API keys."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from shared.contracts.fields import Moment, Password

Scope = Literal["conversions:read", "conversions:write", "webhooks:read", "webhooks:write"]
KeyName = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f]+(?![\s\S])",  # `$` would match before a trailing line feed
        description="What the key is for.",
        examples=["nightly import"],
    ),
]


class NewApiKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An API key to create. Without `scopes` it has both of conversions; without `expires_at` it does not
    expire.
    `current_password` takes the place of a fresh proof.
    """

    name: KeyName
    scopes: Annotated[list[Scope], msgspec.Meta(min_length=1, max_length=10)] = msgspec.field(
        default_factory=lambda: ["conversions:read", "conversions:write"]
    )
    expires_at: Moment | None = None
    current_password: Password | None = None


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """An API key without its secret. `hint` is its first characters."""

    id: str
    name: str
    hint: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class MadeApiKey(ApiKey, frozen=True, kw_only=True):
    """A new API key. `key` is returned only here."""

    key: str


class ApiKeyList(msgspec.Struct, frozen=True):
    """All API keys, newest first."""

    items: tuple[ApiKey, ...]
