"""SQL: accounts."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.models import KnownNetwork, User

# Any number will do, as long as nobody else in this database takes it.
ADMINISTRATION_LOCK = 0x746F_6E65_6164_6D69  # "toneadmi"


class Users:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, user: User) -> bool:
        """False when the address is taken, also by somebody who registers it at this very moment."""
        values = {column.key: getattr(user, column.key) for column in User.__table__.columns}
        statement = insert(User).values(values).on_conflict_do_nothing(index_elements=[User.email_canonical])
        added = await self._session.scalar(statement.returning(User.id))
        return added is not None

    async def by_address(self, canonical: str) -> User | None:
        return await self._session.scalar(select(User).where(User.email_canonical == canonical))

    async def get(self, identity: UUID) -> User | None:
        return await self._session.scalar(select(User).where(User.id == identity))

    async def shared(self, identity: UUID) -> User | None:
        """Nobody can disable, change or delete it until the transaction ends."""
        statement = select(User).where(User.id == identity).with_for_update(read=True)
        return await self._session.scalar(statement)

    async def locked(self, identity: UUID) -> User | None:
        """The newest values, and nobody else can even lock it until the transaction ends."""
        statement = select(User).where(User.id == identity).with_for_update()
        return await self._session.scalar(statement.execution_options(populate_existing=True))

    async def replace_password_hash(self, user_id: UUID, outdated: str | None, password_hash: str) -> None:
        """Does nothing when it is not the outdated one any more."""
        statement = update(User).where(User.id == user_id, User.password_hash == outdated)
        await self._session.execute(statement.values(password_hash=password_hash))

    async def move(self, user: User, email: str, canonical: str) -> bool:
        """Another address, unverified; False when it is taken, also by somebody at this very moment."""
        user.email, user.email_canonical, user.email_verified_at = email, canonical, None
        try:
            async with self._session.begin_nested():
                await self._session.flush()
        except IntegrityError:
            return False
        return True

    async def delete(self, identity: UUID) -> None:
        """And everything that refers to it."""
        await self._session.execute(delete(User).where(User.id == identity))

    async def administrators(self) -> set[UUID]:
        """Those who can act now. Until the transaction ends nobody else can ask, so the answer stays true."""
        await self._session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADMINISTRATION_LOCK})
        statement = select(User.id).where(User.roles.contains(["admin"]), User.disabled_at.is_(None))
        return set(await self._session.scalars(statement))

    async def page(
        self, containing: str | None, before: tuple[datetime, UUID] | None, limit: int
    ) -> Sequence[User]:
        """Newest first. `containing` is looked for in the canonical address."""
        statement = select(User).order_by(User.created_at.desc(), User.id.desc()).limit(limit)
        if containing is not None:
            statement = statement.where(User.email_canonical.contains(containing, autoescape=True))
        if before is not None:
            statement = statement.where(tuple_(User.created_at, User.id) < before)
        return (await self._session.scalars(statement)).all()

    async def remember_network(self, user_id: UUID, network: str, now: datetime) -> None:
        statement = insert(KnownNetwork).values(user_id=user_id, network=network, seen_at=now)
        primary = [KnownNetwork.user_id, KnownNetwork.network]
        await self._session.execute(
            statement.on_conflict_do_update(index_elements=primary, set_={"seen_at": now})
        )

    async def forget_networks(self, seen_before: datetime) -> int:
        """How many."""
        statement = delete(KnownNetwork).where(KnownNetwork.seen_at < seen_before)
        removed = await self._session.scalars(statement.returning(func.length(KnownNetwork.network)))
        return len(removed.all())
