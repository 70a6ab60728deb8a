"""The actor of an administrative action."""

from uuid import UUID

import msgspec

from auth_service.throttle.client import Client
from auth_service.tokens.principal import Principal
from shared.http import Injected


class Actor(msgspec.Struct, frozen=True):
    """An administrator and their client; `id` is None for an operator at the command line."""

    id: UUID | None
    client: Client


OPERATOR = Actor(None, Client())


def request_actor(principal: Injected[Principal], client: Injected[Client]) -> Actor:
    """The dependency `actor` of administration endpoints."""
    return Actor(principal.claims.sub, client)
