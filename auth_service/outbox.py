"""Stored events on their way to the broker: the account service's side of the outbox."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update

from auth_service.database import Database
from auth_service.models import StoredEvent
from shared.messaging.envelope import decode
from shared.messaging.outbox import Pending


class SqlOutbox:
    """An `OutboxStore` in PostgreSQL. A claim is a lease: what a dead relay held is taken up by the next."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def claim(self, limit: int, lease_s: float) -> Sequence[Pending]:
        free = or_(StoredEvent.claimed_until.is_(None), StoredEvent.claimed_until <= self._now())
        oldest = select(StoredEvent.position).where(free).order_by(StoredEvent.position).limit(limit)
        claimed = (
            update(StoredEvent)
            .where(StoredEvent.position.in_(oldest.with_for_update(skip_locked=True).scalar_subquery()))
            .values(claimed_until=self._now() + timedelta(seconds=lease_s))
            .returning(StoredEvent.position, StoredEvent.envelope)
        )
        async with self._database.transaction() as session:
            rows = (await session.execute(claimed)).all()
        return [Pending(envelope=decode(row.envelope), place=str(row.position)) for row in sorted(rows)]

    async def clear(self, pending: Sequence[Pending]) -> None:
        positions = [int(each.place) for each in pending]
        async with self._database.transaction() as session:
            await session.execute(delete(StoredEvent).where(StoredEvent.position.in_(positions)))
