"""Stored events on their way to the broker: the account service's side of the outbox."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, func, or_, select, update

from auth_service.database.engine import Database
from auth_service.models import StoredEvent
from shared.messaging.envelope import decode
from shared.messaging.outbox import Pending


class SqlOutbox:
    """An `OutboxStore` in PostgreSQL. A claim is a lease: what a dead relay held is taken up by the next.

    Leases run on the server's clock, so that a process whose own is wrong holds nothing up.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, limit: int, lease_s: float) -> Sequence[Pending]:
        now = func.clock_timestamp()
        free = or_(StoredEvent.claimed_until.is_(None), StoredEvent.claimed_until <= now)
        oldest = select(StoredEvent.position).where(free).order_by(StoredEvent.position).limit(limit)
        claimed = (
            update(StoredEvent)
            .where(StoredEvent.position.in_(oldest.with_for_update(skip_locked=True).scalar_subquery()))
            .values(claimed_until=now + timedelta(seconds=lease_s))
            .returning(StoredEvent.position, StoredEvent.envelope)
        )
        async with self._database.transaction() as session:
            rows = (await session.execute(claimed)).all()
        return [Pending(envelope=decode(row.envelope), place=str(row.position)) for row in sorted(rows)]

    async def clear(self, pending: Sequence[Pending]) -> None:
        positions = [int(each.place) for each in pending]
        async with self._database.transaction() as session:
            await session.execute(delete(StoredEvent).where(StoredEvent.position.in_(positions)))
