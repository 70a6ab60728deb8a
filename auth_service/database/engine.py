"""The connection to PostgreSQL: a bounded pool, and no wait without an end."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Never

import msgspec
from sqlalchemy import Executable, Row, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from shared.errors import Unavailable
from shared.logs import get_logger
from shared.settings import Secret

# SQLSTATE classes and codes that say "not now" rather than "wrong": connection lost, rolled back by the
# server, out of resources, locked, stopped by an operator, system error; a standby that takes no writes;
# a login or a database that is not there (yet).
NOT_NOW = ("08", "40", "53", "55", "57", "58", "25006", "28", "3D")


class Bounds(msgspec.Struct, frozen=True):
    """Seconds each step may take, and how many connections there may be at once.

    `total_s` is the most that a request waits for the database before it is told so with 503.
    """

    connect_s: float = 2.0
    pool_wait_s: float = 3.0
    command_s: float = 3.0
    total_s: float = 4.0
    connections: int = 10


class Database:
    """Gives out transactions. Whatever keeps PostgreSQL from answering now becomes Unavailable (503)."""

    def __init__(self, url: Secret, bounds: Bounds | None = None) -> None:
        self._bounds = bounds or Bounds()
        self._engine = _engine(url, self._bounds)
        self._reading = self._engine.execution_options(isolation_level="AUTOCOMMIT")  # of the same pool
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        self._migrated = asyncio.Event()

    def open(self) -> None:
        """Called when the tables are known to be there; until then everything is Unavailable."""
        self._migrated.set()

    async def close(self) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Commits at the end of the block, rolls back when it raises."""
        async with self._reachable(), self._sessions.begin() as session:
            yield session

    async def read(
        self, statement: Executable, values: Mapping[str, object] | None = None
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        """The rows of one statement that only reads: no BEGIN and COMMIT around it."""
        async with self._reachable(), self._reading.connect() as connection:
            return (await connection.execute(statement, values)).all()

    async def check(self) -> None:
        """Raises Unavailable while PostgreSQL does not answer or its tables are not made yet."""
        await self.read(text("SELECT 1"))

    @asynccontextmanager
    async def _reachable(self) -> AsyncIterator[None]:
        if not self._migrated.is_set():
            raise Unavailable("Accounts are not ready yet.")
        try:
            async with asyncio.timeout(self._bounds.total_s):
                yield
        except (OSError, PoolTimeout) as lost:
            _unavailable(lost)
        except DBAPIError as failed:
            if not is_not_now(failed):
                raise
            _unavailable(failed)


def is_not_now(failed: DBAPIError) -> bool:
    """True when the same statement may succeed later."""
    state = str(getattr(failed.orig, "sqlstate", None) or "")
    return failed.connection_invalidated or state.startswith(NOT_NOW)


def driver_url(url: Secret) -> URL:
    """libpq's `postgresql://…?sslmode=…` as asyncpg's dialect needs it."""
    parsed = make_url(url.reveal()).set(drivername="postgresql+asyncpg")
    ssl = parsed.query.get("sslmode")
    parsed = parsed.difference_update_query(["sslmode"])
    return parsed.update_query_dict({"ssl": ssl}) if ssl else parsed


@asynccontextmanager
async def one_connection(url: Secret, *, command_s: float) -> AsyncIterator[AsyncConnection]:
    """A connection outside any pool, in a transaction of its own, for long work such as migrating."""
    engine = create_async_engine(
        driver_url(url),
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={"timeout": 5.0, "command_timeout": command_s},
    )
    try:
        async with engine.begin() as connection:
            yield connection
    finally:
        await engine.dispose()


def _engine(url: Secret, bounds: Bounds) -> AsyncEngine:
    engine = create_async_engine(
        driver_url(url),
        hide_parameters=True,  # addresses, hashes and keys are among them, and errors end up in logs
        pool_size=bounds.connections,
        max_overflow=0,
        pool_timeout=bounds.pool_wait_s,
        pool_recycle=1800,
        connect_args={
            "timeout": bounds.connect_s,
            "command_timeout": bounds.command_s,
            # The server's own limits hold even when this process is gone without a goodbye.
            "server_settings": {
                "application_name": "auth_service",
                "synchronous_commit": "on",  # whatever the server's default: what was answered is kept
                "statement_timeout": str(int(bounds.command_s * 1000)),
                "idle_in_transaction_session_timeout": "15000",
            },
        },
    )
    event.listen(engine.sync_engine, "checkout", _replace_if_closed)
    event.listen(engine.sync_engine, "invalidate", _hang_up)
    return engine


def _replace_if_closed(dbapi_connection: Any, _: ConnectionPoolEntry, __: object) -> None:
    """After a restart of PostgreSQL the pool holds dead connections; asyncpg knows which, without asking."""
    if dbapi_connection.driver_connection.is_closed():
        raise DisconnectionError


def _hang_up(dbapi_connection: Any, _: ConnectionPoolEntry, __: BaseException | None) -> None:
    """Who does not answer gets no goodbye: waiting for its end would take longer than a request may."""
    dbapi_connection.driver_connection.terminate()


def _unavailable(cause: Exception) -> Never:
    get_logger(__name__).warning("PostgreSQL does not answer", reason=type(cause).__name__)
    raise Unavailable("Accounts are not reachable at the moment.") from cause
