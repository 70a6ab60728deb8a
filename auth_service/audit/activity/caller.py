"""The caller of an authenticated request: its principal and its client."""

from uuid import UUID

import msgspec

from auth_service.throttle.client import Client
from auth_service.tokens.principal import Principal
from shared.http import Injected


class Caller(msgspec.Struct, frozen=True):
    principal: Principal
    client: Client

    @property
    def user_id(self) -> UUID:
        return self.principal.claims.sub

    @property
    def session_id(self) -> UUID:
        """The session or the API key of the request."""
        return self.principal.claims.sid


def request_caller(principal: Injected[Principal], client: Injected[Client]) -> Caller:
    """The dependency `caller`."""
    return Caller(principal, client)
