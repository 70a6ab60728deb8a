"""What second factors need of the sessions, whose package is above this one."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from auth_service.database.engine import Transaction


class SessionRevocation(Protocol):
    async def revoke_sessions(
        self, transaction: Transaction, user_id: UUID, *, keep: UUID | None = None
    ) -> Sequence[UUID]:
        """Revokes the user's sessions but `keep`, and logins that wait for a second factor."""
