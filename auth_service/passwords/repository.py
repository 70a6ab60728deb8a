"""SQL of fresh proofs."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from auth_service.database.engine import Repository
from auth_service.passwords.model import SessionProof


class ProofRepository(Repository):
    async def put(self, session_id: UUID, proven_at: datetime, *, by_factor: bool = False) -> None:
        """Stores a proof; one that is not by a second factor leaves the time of the latest that is."""
        times = {"proven_at": proven_at} | ({"factor_proven_at": proven_at} if by_factor else {})
        statement = insert(SessionProof).values(session_id=session_id, **times)
        await self._session.execute(
            statement.on_conflict_do_update(index_elements=[SessionProof.session_id], set_=times)
        )

    async def find(self, session_id: UUID) -> datetime | None:
        statement = select(SessionProof.proven_at).where(SessionProof.session_id == session_id)
        return await self._session.scalar(statement)

    async def find_by_factor(self, session_id: UUID) -> datetime | None:
        """The time of the latest proof by a second factor."""
        statement = select(SessionProof.factor_proven_at).where(SessionProof.session_id == session_id)
        return await self._session.scalar(statement)
