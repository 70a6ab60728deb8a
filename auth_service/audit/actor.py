"""The actor of an administrative action."""

from uuid import UUID

import msgspec

from auth_service.database.engine import Transaction
from auth_service.throttle.client import Client
from auth_service.tokens.principal import Principal
from auth_service.users.repository import UserRepository
from shared.errors import Forbidden
from shared.http import Injected


class Actor(msgspec.Struct, frozen=True):
    """An administrator and their client; `id` is None for an operator at the command line."""

    id: UUID | None
    client: Client


OPERATOR = Actor(None, Client())


def request_actor(principal: Injected[Principal], client: Injected[Client]) -> Actor:
    """The dependency `actor` of administration endpoints."""
    return Actor(principal.claims.sub, client)


async def require_administrator(transaction: Transaction, user_id: UUID | None) -> None:
    """Raises Forbidden unless the user is an active administrator; holds until the transaction ends."""
    if user_id not in await UserRepository(transaction).lock_administrators():
        raise Forbidden("The role admin is required.")
