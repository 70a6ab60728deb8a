"""SQL of fresh proofs."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from auth_service.database.engine import Repository
from auth_service.passwords.model import SessionProof


class ProofRepository(Repository):
    async def put(self, session_id: UUID, proven_at: datetime) -> None:
        statement = insert(SessionProof).values(session_id=session_id, proven_at=proven_at)
        await self._session.execute(
            statement.on_conflict_do_update(
                index_elements=[SessionProof.session_id], set_={"proven_at": proven_at}
            )
        )

    async def find(self, session_id: UUID) -> datetime | None:
        statement = select(SessionProof.proven_at).where(SessionProof.session_id == session_id)
        return await self._session.scalar(statement)
