"""Bodies of the email verification and password reset endpoints."""

import msgspec

from auth_service.users.schemas import Address


class ResendVerification(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Request for a verification mail, without an address to the account of the bearer token."""

    email: Address | None = None


class ForgotPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    email: Address
