"""SQL: how often something happened."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import case, delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.models import Tally


class Tallies:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, key: bytes, now: datetime, forget_at: datetime, *, moving: bool) -> int:
        """Counts one more, and returns the count. It starts anew when it was to be forgotten.

        `moving`: it is forgotten so long after the last; otherwise after the first. Adding takes turns.
        """
        over = Tally.forget_at <= now
        fresh = insert(Tally).values(key=key, count=1, last_at=now, forget_at=forget_at)
        counted = fresh.on_conflict_do_update(
            index_elements=[Tally.key],
            set_={
                "count": case((over, 1), else_=Tally.count + 1),
                "last_at": now,
                "forget_at": forget_at if moving else case((over, forget_at), else_=Tally.forget_at),
            },
        )
        return await self._session.scalar(counted.returning(Tally.count)) or 1

    async def clear(self, keys: Collection[bytes]) -> None:
        await self._session.execute(delete(Tally).where(Tally.key.in_(keys)))

    async def forget(self, now: datetime) -> int:
        """How many."""
        statement = delete(Tally).where(Tally.forget_at <= now).returning(Tally.key)
        return len((await self._session.scalars(statement)).all())
