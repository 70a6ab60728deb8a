"""Transactional outbox: its table and SQL, and the writer of auth_service's events."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, delete, func, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.database.engine import Database, Transaction
from auth_service.database.table import Table
from shared.contracts.events import Event, SessionRevoked
from shared.messaging.envelope import Envelope, decode, encode, wrap
from shared.messaging.outbox import MAX_COUNTED, Backlog, Pending

SOURCE = "/auth_service"


class StoredEvent(Table):
    """An event to be published. `envelope` is the encoded message body."""

    __tablename__ = "outbox"
    __table_args__ = (Index(None, "claimed_until"),)

    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    envelope: Mapped[bytes]
    claimed_until: Mapped[datetime | None]


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

    async def backlog(self) -> Backlog:
        oldest = select(StoredEvent.envelope).order_by(StoredEvent.position).limit(1)
        if not (rows := await self._database.read(oldest)):
            return Backlog()
        stored = select(StoredEvent.position).limit(MAX_COUNTED).subquery()
        counted = await self._database.read(select(func.count()).select_from(stored))
        return Backlog(counted[0][0], decode(rows[0].envelope).time)


async def store(transaction: Transaction, envelope: Envelope) -> None:
    """Adds an event that is published after the transaction commits, and only if it does."""
    transaction.add(StoredEvent(envelope=encode(envelope)))
    await transaction.flush()


@dataclass(frozen=True, kw_only=True)
class EventWriter:
    """Writes events to the outbox. `wake_relay` is called by services after commit, for prompt publishing."""

    now: Callable[[], datetime]
    new_id: Callable[[], UUID]
    wake_relay: Callable[[], None]

    async def write(
        self, transaction: Transaction, event: Event, subject: UUID, event_id: str | None = None
    ) -> None:
        envelope = wrap(event, SOURCE, str(subject), event_id or str(self.new_id()), time=self.now())
        await store(transaction, envelope)

    async def write_revocations(
        self, transaction: Transaction, user_id: UUID, revoked: Iterable[UUID], *, key_deleted: bool = False
    ) -> None:
        """One SessionRevoked for each id of a session or API key; gateways then drop it from their caches.
        With `key_deleted` its webhooks end as well.
        """
        for each in revoked:
            event = SessionRevoked(session_id=str(each), user_id=str(user_id), key_deleted=key_deleted)
            await self.write(transaction, event, each)
