"""The authenticated account of a request."""

from datetime import datetime

import msgspec

from auth_service.tokens.access_token import AccessClaims


class Principal(msgspec.Struct, frozen=True):
    """The account behind a valid token.

    `claims` hold the current address, roles and scope, not those of the presented token. `pending_email`
    waits to be confirmed by mail.
    """

    claims: AccessClaims
    account_created_at: datetime
    pending_email: str | None = None

    @property
    def scope(self) -> str | None:
        """Space-separated scopes of an API key; None for a session, which is unrestricted."""
        return self.claims.scope or None
