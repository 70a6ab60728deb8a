"""MongoDB for the services that store in it: connection, calls and their errors."""

from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from prometheus_client import CollectorRegistry
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import (
    ConnectionFailure,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    WaitQueueTimeoutError,
)

from shared.errors import Unavailable
from shared.logs import get_logger
from shared.mongo_pool import MongoPoolMetrics
from shared.mongo_waits import repair_waits
from shared.settings import Secret
from shared.tasks import preserving_cancellation

T = TypeVar("T")
Document = dict[str, Any]
Client = AsyncMongoClient[Document]
Database = AsyncDatabase[Document]

CONNECT_MS = 2_000
# Bounds a whole operation: server selection, sending, waiting and retries.
OPERATION_MS = 4_000
MAX_CONNECTIONS = 64

AWAY = "The store cannot be reached."
OUT_OF_DISK_SPACE = 14031

UNCLAIMED = datetime(1970, 1, 1, tzinfo=UTC)
"""End of the lease of what has never been claimed: in the past by the server's clock, whatever the process's
clock says.
"""

log = get_logger(__name__)


def connect(url: Secret, appname: str = "tonegate", registry: CollectorRegistry | None = None) -> Client:
    """A client that connects on first use. Dates are read in UTC.

    `appname` identifies the client in MongoDB's logs; `registry` gets the metrics of its connections. An
    acknowledged write survives the loss of a minority of the servers.
    """
    repair_waits()
    return AsyncMongoClient(
        url.reveal(),
        appname=appname,
        tz_aware=True,
        connectTimeoutMS=CONNECT_MS,
        timeoutMS=OPERATION_MS,
        serverSelectionTimeoutMS=OPERATION_MS,  # `close` knows only this limit, by default 30 seconds
        maxPoolSize=MAX_CONNECTIONS,
        event_listeners=[MongoPoolMetrics(registry, MAX_CONNECTIONS)] if registry else [],
        w="majority",
        journal=True,
        readConcernLevel="majority",
        readPreference="primary",
    )


def database_of(client: Client, default: str = "tonegate") -> Database:
    """The database that the URL names, or `default`."""
    return client.get_default_database(default)


async def call_mongo(call: Awaitable[T]) -> T:
    """Awaits a database call; raises Unavailable in place of every driver error.

    Also raises a cancellation that the driver lost, as `mongo_errors` does.
    """
    try:
        with preserving_cancellation():
            return await call
    except PyMongoError as error:
        log.warning("database call failed", reason=type(error).__name__)
        raise Unavailable(AWAY) from error


@contextmanager
def mongo_errors() -> Iterator[None]:
    """Raises Unavailable in place of driver errors that mean that MongoDB is out of reach or full.

    Also raises a cancellation that the driver lost (see `preserving_cancellation`): it waits with
    asyncio.wait_for.
    """
    try:
        with preserving_cancellation():
            yield
    except PyMongoError as error:
        unavailable = _unavailability(error)
        if unavailable is None:
            raise
        raise unavailable from error


def _unavailability(error: PyMongoError) -> Unavailable | None:
    """None for an error that has another cause than the state of the server."""
    is_away = isinstance(error, ConnectionFailure | ExecutionTimeout | WaitQueueTimeoutError) or error.timeout
    if isinstance(error, OperationFailure) and not is_away:
        if error.code == OUT_OF_DISK_SPACE:
            return Unavailable("The store is full.", retry_after_s=60)
        is_away = error.has_error_label("RetryableWriteError")
    return Unavailable(AWAY) if is_away else None


def from_now(span: timedelta) -> Document:
    """Aggregation expression for the server's current time plus `span`."""
    return {"$add": ["$$NOW", int(span.total_seconds() * 1000)]}
