"""Bodies of token introspection (RFC 7662)."""

from typing import Literal

import msgspec

from auth_service.tokens.access_token import AccessClaims


class Introspect(msgspec.Struct, frozen=True):
    """Request (RFC 7662 §2.1); `token_type_hint` is accepted and ignored."""

    token: str


class Inactive(msgspec.Struct, frozen=True):
    """Response for a token that is not valid, without a reason (RFC 7662 §2.2)."""

    active: Literal[False] = False


class Active(AccessClaims, frozen=True, kw_only=True):
    """Response for a valid token (RFC 7662 §2.2): its claims, with the account's current roles, address and
    scope.
    """

    active: Literal[True] = True
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a token type
