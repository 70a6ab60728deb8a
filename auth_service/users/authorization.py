"""Authorization of administrators against the users table."""

from uuid import UUID

from auth_service.database.engine import Transaction
from auth_service.users.repository import UserRepository
from shared.errors import Forbidden


async def require_administrator(transaction: Transaction, user_id: UUID | None) -> None:
    """Raises Forbidden unless the user is an active administrator; holds until the transaction ends."""
    if user_id not in await UserRepository(transaction).lock_administrators():
        raise Forbidden("The role admin is required.")
