"""SQL of the activity log. Records are added, read and deleted when they are old, never changed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select

from auth_service.audit.activity.model import ActivityRecord
from auth_service.database.engine import Repository


class ActivityRepository(Repository):
    async def page(self, user_id: UUID, before: int | None, limit: int) -> Sequence[ActivityRecord]:
        """A page of an account's records, newest first."""
        statement = select(ActivityRecord).where(ActivityRecord.user_id == user_id)
        if before is not None:
            statement = statement.where(ActivityRecord.position < before)
        ordered = statement.order_by(ActivityRecord.position.desc()).limit(limit)
        return (await self._session.scalars(ordered)).all()

    async def purge(self, before: datetime, limit: int) -> int:
        """Deletes up to `limit` records from before a time; returns their number."""
        old = select(ActivityRecord.position).where(ActivityRecord.at < before).limit(limit)
        removed = delete(ActivityRecord).where(ActivityRecord.position.in_(old))
        return len((await self._session.scalars(removed.returning(ActivityRecord.position))).all())
