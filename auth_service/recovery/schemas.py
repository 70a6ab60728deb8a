"""Bodies of the recovery endpoints."""

import msgspec

from shared.contracts.fields import AnyText


class ResendVerification(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Request for a verification mail, without an address to the account of the bearer token."""

    email: AnyText | None = None
