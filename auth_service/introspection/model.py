"""The account that holds a token."""

from datetime import datetime
from uuid import UUID

import msgspec


class TokenHolder(msgspec.Struct, frozen=True, kw_only=True):
    """The current state of the account that holds a credential. The last four fields are an API key's;
    `has_factor` is looked up for sessions."""

    user_id: UUID
    email: str
    email_verified: bool
    roles: tuple[str, ...]
    created_at: datetime
    pending_email: str | None = None
    has_factor: bool = False
    key_id: UUID | None = None
    scopes: tuple[str, ...] = ()
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
