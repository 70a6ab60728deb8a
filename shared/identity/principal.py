"""The user that a verified access token stands for."""

import msgspec


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Whose token it is, as far as services inside want to know. `session_id` is that of a sign-in or of an
    API key.
    """

    user_id: str
    session_id: str
    email: str
    email_verified: bool
    roles: frozenset[str]
