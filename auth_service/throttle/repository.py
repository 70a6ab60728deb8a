"""SQL of event counters and known networks."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, case, delete, exists, select
from sqlalchemy.dialects.postgresql import insert

from auth_service.database.engine import Database, Repository
from auth_service.throttle.model import Count, Counter, KnownNetwork


class CounterRepository(Repository):
    async def increment(self, key: bytes, now: datetime, forget_at: datetime, *, sliding: bool) -> int:
        """Adds one and returns the count; a counter past its `forget_at` restarts at 1.

        `sliding`: every increment moves `forget_at`; otherwise only the first one sets it. Concurrent
        increments of one key are serialised.
        """
        over = Counter.forget_at <= now
        fresh = insert(Counter).values(key=key, count=1, last_at=now, forget_at=forget_at)
        counted = fresh.on_conflict_do_update(
            index_elements=[Counter.key],
            set_={
                "count": case((over, 1), else_=Counter.count + 1),
                "last_at": now,
                "forget_at": forget_at if sliding else case((over, forget_at), else_=Counter.forget_at),
            },
        )
        return await self._session.scalar(counted.returning(Counter.count)) or 1

    async def counts(self, keys: Collection[bytes], now: datetime) -> dict[bytes, Count]:
        """Counters that are not past their `forget_at`."""
        rows = await self._session.execute(_counts(keys, now))
        return {key: Count(count, last_at, forget_at) for key, count, last_at, forget_at in rows}

    async def clear(self, key: bytes) -> None:
        await self._session.execute(delete(Counter).where(Counter.key == key))

    async def purge(self, now: datetime) -> None:
        """Deletes counters past their `forget_at`."""
        await self._session.execute(delete(Counter).where(Counter.forget_at <= now))


class KnownNetworkRepository(Repository):
    async def remember(self, user_id: UUID, network: str, now: datetime) -> None:
        statement = insert(KnownNetwork).values(user_id=user_id, network=network, seen_at=now)
        primary = [KnownNetwork.user_id, KnownNetwork.network]
        await self._session.execute(
            statement.on_conflict_do_update(index_elements=primary, set_={"seen_at": now})
        )

    async def is_known(self, user_id: UUID, network: str) -> bool:
        return bool(await self._session.scalar(_is_known(user_id, network)))

    async def purge(self, seen_before: datetime) -> None:
        await self._session.execute(delete(KnownNetwork).where(KnownNetwork.seen_at < seen_before))


class ThrottleQueries:
    """Reads outside a transaction, for every login."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def counts(self, keys: Collection[bytes], now: datetime) -> dict[bytes, Count]:
        """Counters that are not past their `forget_at`."""
        rows = await self._database.read(_counts(keys, now))
        return {key: Count(count, last_at, forget_at) for key, count, last_at, forget_at in rows}

    async def is_network_known(self, user_id: UUID, network: str) -> bool:
        return bool((await self._database.read(_is_known(user_id, network)))[0][0])


def _counts(keys: Collection[bytes], now: datetime) -> Select[bytes, int, datetime, datetime]:
    statement = select(Counter.key, Counter.count, Counter.last_at, Counter.forget_at)
    return statement.where(Counter.key.in_(keys), Counter.forget_at > now)


def _is_known(user_id: UUID, network: str) -> Select[bool]:
    return select(exists().where(KnownNetwork.user_id == user_id, KnownNetwork.network == network))
