"""The principal of a request, with the access token that the services behind the gateway verify."""

from shared.identity import principal
from shared.settings import Secret


class Principal(principal.Principal, frozen=True, kw_only=True):
    """What introspection says about a token. `expires_at` is Unix time in seconds."""

    access_token: Secret
    expires_at: float
