"""Access to PostgreSQL: transactions and single reads, with a time limit on every wait."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Never

from sqlalchemy import Executable, Row, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.pool import QueuePool

from auth_service.database.connection import Bounds, create_engine
from auth_service.database.table import Table
from shared.errors import Unavailable
from shared.logs import get_logger
from shared.settings import Secret

# SQLSTATE classes and codes of transient failures: connection lost, rolled back by the server, out of
# resources, locked, stopped by an operator, system error; read-only standby; login or database missing (yet).
TRANSIENT = ("08", "40", "53", "55", "57", "58", "25006", "28", "3D")

# What repositories are constructed with. Services pass it on without using SQLAlchemy themselves.
Transaction = AsyncSession


def after_commit(transaction: Transaction, act: Callable[[], None]) -> None:
    """Calls `act` once the transaction is committed, and never if it is rolled back."""
    event.listen(transaction.sync_session, "after_commit", lambda _: act(), once=True)


class Repository:
    """Base class of repositories, which run their SQL in the transaction of the caller."""

    def __init__(self, transaction: Transaction) -> None:
        self._session = transaction

    async def insert(self, row: Table) -> None:
        """Inserts a row now. Raises IntegrityError for a violated constraint."""
        self._session.add(row)
        await self._session.flush()


class Database:
    """Source of transactions. Every transient failure of PostgreSQL is raised as Unavailable (503)."""

    def __init__(self, url: Secret, bounds: Bounds | None = None) -> None:
        self._bounds = bounds or Bounds()
        self._engine = create_engine(url, self._bounds)
        self._autocommit = self._engine.execution_options(isolation_level="AUTOCOMMIT")  # of the same pool
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        self._migrated = asyncio.Event()

    @property
    def max_connections(self) -> int:
        return self._bounds.connections

    def connections_in_use(self) -> int:
        """The number of the pool's connections that transactions and reads hold."""
        pool = self._engine.pool
        return pool.checkedout() if isinstance(pool, QueuePool) else 0

    def open(self) -> None:
        """Marks the tables as migrated; before that, every access raises Unavailable."""
        self._migrated.set()

    async def close(self) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Begins a transaction; commits at the end of the block, rolls back if the block raises."""
        async with self._limited(), self._sessions.begin() as session:
            yield session

    async def read(
        self, statement: Executable, values: Mapping[str, object] | None = None
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        """The rows of a single SELECT, run without BEGIN and COMMIT."""
        async with self._limited(), self._autocommit.connect() as connection:
            return (await connection.execute(statement, values)).all()

    async def check(self) -> None:
        """Raises Unavailable if PostgreSQL does not respond or the tables are not migrated yet."""
        await self.read(text("SELECT 1"))

    @asynccontextmanager
    async def _limited(self) -> AsyncIterator[None]:
        if not self._migrated.is_set():
            raise Unavailable("The account service is starting.")
        try:
            async with asyncio.timeout(self._bounds.total_s):
                yield
        except (OSError, PoolTimeout) as error:
            _raise_unavailable(error)
        except DBAPIError as error:
            if not is_transient(error):
                raise
            _raise_unavailable(error)


def is_transient(error: DBAPIError) -> bool:
    """True if the same statement may succeed later."""
    state = str(getattr(error.orig, "sqlstate", None) or "")
    return error.connection_invalidated or state.startswith(TRANSIENT)


def _raise_unavailable(cause: Exception) -> Never:
    get_logger(__name__).warning("PostgreSQL unavailable", reason=type(cause).__name__)
    raise Unavailable("The account database is unavailable.") from cause
