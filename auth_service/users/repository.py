"""SQL of accounts."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from auth_service.database.engine import Repository
from auth_service.users.model import ADMIN, User

# An arbitrary number that is not used for another lock in this database.
ADMINISTRATION_LOCK = 0x746F_6E65_6164_6D69  # "toneadmi"


class UserRepository(Repository):
    async def add(self, user: User) -> bool:
        """Inserts an account; returns False if the address is taken, also by a concurrent registration."""
        values = {column.key: getattr(user, column.key) for column in User.__table__.columns}
        statement = insert(User).values(values).on_conflict_do_nothing(index_elements=[User.email_canonical])
        added = await self._session.scalar(statement.returning(User.id))
        return added is not None

    async def find(self, user_id: UUID) -> User | None:
        return await self._session.scalar(select(User).where(User.id == user_id))

    async def find_by_address(self, canonical: str) -> User | None:
        return await self._session.scalar(select(User).where(User.email_canonical == canonical))

    async def share_lock(self, user_id: UUID) -> User | None:
        """Selects the account FOR SHARE: it cannot be changed or deleted until the transaction ends."""
        statement = select(User).where(User.id == user_id).with_for_update(read=True)
        return await self._session.scalar(statement)

    async def lock_by_address(self, canonical: str) -> User | None:
        """As `lock`, by canonical address."""
        statement = select(User).where(User.email_canonical == canonical).with_for_update()
        return await self._session.scalar(statement.execution_options(populate_existing=True))

    async def lock(self, user_id: UUID) -> User | None:
        """Selects the account FOR UPDATE, and refreshes the values of an instance loaded before."""
        statement = select(User).where(User.id == user_id).with_for_update()
        return await self._session.scalar(statement.execution_options(populate_existing=True))

    async def replace_password_hash(self, user_id: UUID, outdated: str | None, password_hash: str) -> None:
        """Replaces the stored hash, unless it is no longer `outdated`."""
        statement = update(User).where(User.id == user_id, User.password_hash == outdated)
        await self._session.execute(statement.values(password_hash=password_hash))

    async def change_address(self, user: User, email: str, canonical: str, verified_at: datetime) -> bool:
        """Stores another, verified address. False if it is taken, also by a concurrent transaction."""
        user.email, user.email_canonical, user.email_verified_at = email, canonical, verified_at
        user.pending_email = None
        try:
            async with self._session.begin_nested():
                await self._session.flush()
        except IntegrityError:
            return False
        return True

    async def delete(self, user_id: UUID) -> None:
        """Deletes the account and, by cascade, every row that refers to it."""
        await self._session.execute(delete(User).where(User.id == user_id))

    async def lock_administrators(self) -> set[UUID]:
        """The ids of all active administrators. Serialises its callers until their transactions end, so that
        the set stays valid.
        """
        await self._session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADMINISTRATION_LOCK})
        statement = select(User.id).where(User.roles.contains([ADMIN]), User.disabled_at.is_(None))
        return set(await self._session.scalars(statement))

    async def page(
        self, containing: Sequence[str], before: tuple[datetime, UUID] | None, limit: int
    ) -> Sequence[User]:
        """A page of accounts, newest first; with any of the substrings in their canonical addresses."""
        statement = select(User).order_by(User.created_at.desc(), User.id.desc()).limit(limit)
        if containing:
            matches = [User.email_canonical.contains(part, autoescape=True) for part in containing]
            statement = statement.where(or_(*matches))
        if before is not None:
            statement = statement.where(tuple_(User.created_at, User.id) < before)
        return (await self._session.scalars(statement)).all()
