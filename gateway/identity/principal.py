"""The principal of a request, and until when its credential is valid."""

from shared.identity import principal


class Principal(principal.Principal, frozen=True, kw_only=True):
    """What introspection says about a token. `expires_at` is Unix time in seconds."""

    expires_at: float
