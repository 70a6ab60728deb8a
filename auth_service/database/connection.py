"""PostgreSQL connections: the driver's URL, the bounded pool, and single connections for long work."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from auth_service.database.tls import ssl_argument, without_tls_parameters
from shared.settings import Secret, SettingsError


class Bounds(msgspec.Struct, frozen=True):
    """Time limits in seconds, and the size of the connection pool.

    `total_s` bounds the whole time that a request waits for the database before it gets a 503.
    """

    connect_s: float = 2.0
    pool_wait_s: float = 3.0
    command_s: float = 3.0
    total_s: float = 4.0
    connections: int = 10


def driver_url(url: Secret) -> URL:
    """Converts a libpq URL (`postgresql://…?sslmode=…`) to the form that SQLAlchemy's asyncpg dialect takes,
    without the parameters of TLS.
    """
    return without_tls_parameters(_parsed(url))


def check_database_url(url: Secret) -> None:
    """Raises SettingsError for a URL that cannot be used, which the error does not repeat."""
    try:
        parsed = _parsed(url)
    except (ArgumentError, ValueError):  # the message of ValueError quotes the port
        raise SettingsError("AUTH_DATABASE_URL: it is no URL such as postgresql://user@host/name") from None
    ssl_argument(parsed)


def _parsed(url: Secret) -> URL:
    return make_url(url.reveal()).set(drivername="postgresql+asyncpg")


@asynccontextmanager
async def one_connection(url: Secret, *, command_s: float) -> AsyncIterator[AsyncConnection]:
    """A connection outside the pool with one open transaction, for long work such as migrations.

    `command_s` is the time limit of each statement in seconds.
    """
    engine = create_async_engine(
        driver_url(url),
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={"timeout": 5.0, "command_timeout": command_s, **ssl_argument(_parsed(url))},
    )
    try:
        async with engine.begin() as connection:
            yield connection
    finally:
        await engine.dispose()


def create_engine(url: Secret, bounds: Bounds) -> AsyncEngine:
    """An engine with a pool of `bounds.connections` connections and no overflow."""
    engine = create_async_engine(
        driver_url(url),
        hide_parameters=True,  # parameters include addresses, hashes and keys, and errors are logged
        pool_size=bounds.connections,
        max_overflow=0,
        pool_timeout=bounds.pool_wait_s,
        pool_recycle=1800,
        connect_args={
            "timeout": bounds.connect_s,
            "command_timeout": bounds.command_s,
            **ssl_argument(_parsed(url)),
            # Enforced by the server, so they hold even if this process dies.
            "server_settings": {
                "application_name": "auth_service",
                "synchronous_commit": "on",  # whatever the server's default: acknowledged writes are durable
                "statement_timeout": str(int(bounds.command_s * 1000)),
                "idle_in_transaction_session_timeout": "15000",
            },
        },
    )
    event.listen(engine.sync_engine, "checkout", _replace_if_closed)
    event.listen(engine.sync_engine, "invalidate", _terminate)
    return engine


def _replace_if_closed(dbapi_connection: Any, _: ConnectionPoolEntry, __: object) -> None:
    """Makes the pool reconnect: after a restart of PostgreSQL it holds connections that asyncpg knows are
    closed.
    """
    if dbapi_connection.driver_connection.is_closed():
        raise DisconnectionError


def _terminate(dbapi_connection: Any, _: ConnectionPoolEntry, __: BaseException | None) -> None:
    """Aborts the connection: a graceful close could take longer than a request may."""
    dbapi_connection.driver_connection.terminate()
