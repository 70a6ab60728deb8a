"""SQL of the outbox."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, func, or_, select, update

from auth_service.database.engine import Database, Transaction
from auth_service.database.outbox.model import StoredEvent
from shared.messaging.envelope import Envelope, decode, encode
from shared.messaging.outbox import Pending


class SqlOutbox:
    """An `OutboxStore` in PostgreSQL. A claim is a lease: another relay can claim its events after it lapses.

    Leases run on the database server's clock, so that a wrong clock in one process delays nothing.
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


async def store(transaction: Transaction, envelope: Envelope) -> None:
    """Adds an event that is published after the transaction commits, and only if it does."""
    transaction.add(StoredEvent(envelope=encode(envelope)))
    await transaction.flush()
