"""MongoDB for the services that store in it: connection, errors, and the server's clock."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from bson.codec_options import CodecOptions
from msgspec import Struct
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import (
    ConnectionFailure,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    WaitQueueTimeoutError,
)

from shared.clock import whole_milliseconds
from shared.errors import Unavailable
from shared.logs import get_logger
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

OUT_OF_DISK_SPACE = 14031

TZ_AWARE = CodecOptions[dict[str, Any]](tz_aware=True)
REFRESH_S = 10.0
RETRY_S = 1.0
# Error added per second of an estimate's age; ten times the drift of a bad quartz.
DRIFT = 0.001

log = get_logger(__name__)


def connect(url: Secret, appname: str = "tonegate") -> Client:
    """A client that connects on first use. Dates are read in UTC.

    `appname` identifies the client in MongoDB's logs. An acknowledged write survives the loss of a minority
    of the servers.
    """
    return AsyncMongoClient(
        url.reveal(),
        appname=appname,
        tz_aware=True,
        connectTimeoutMS=CONNECT_MS,
        timeoutMS=OPERATION_MS,
        maxPoolSize=MAX_CONNECTIONS,
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
        raise Unavailable("The store cannot be reached.") from error


@contextmanager
def mongo_errors() -> Iterator[None]:
    """Raises Unavailable in place of driver errors that mean that MongoDB is out of reach or full.

    Also raises a cancellation that the driver lost (see `preserving_cancellation`): it waits with
    asyncio.wait_for.
    """
    try:
        with preserving_cancellation():
            yield
    except (ConnectionFailure, ExecutionTimeout, WaitQueueTimeoutError) as error:
        raise Unavailable("The store cannot be reached.") from error
    except OperationFailure as error:
        if error.code == OUT_OF_DISK_SPACE:
            raise Unavailable("The store is full.", retry_after_s=60) from error
        if error.timeout or error.has_error_label("RetryableWriteError"):
            raise Unavailable("The store cannot be reached.") from error
        raise
    except PyMongoError as error:
        if error.timeout:
            raise Unavailable("The store cannot be reached.") from error
        raise


def from_now(span: timedelta) -> Document:
    """Aggregation expression for the server's current time plus `span`."""
    return {"$add": ["$$NOW", int(span.total_seconds() * 1000)]}


class Estimate(Struct, frozen=True):
    """MongoDB's Unix time is this machine's monotonic time plus `offset_s`, within `error_s`, as of `at`."""

    offset_s: float
    error_s: float
    at: float

    def error_after(self, moment: float) -> float:
        return self.error_s + (moment - self.at) * DRIFT

    def yields_to(self, newer: "Estimate") -> bool:
        """True if `newer` is more exact, or contradicts this one (another primary, or the machine slept)."""
        error_s = self.error_after(newer.at)
        apart_s = abs(newer.offset_s - self.offset_s)
        return newer.error_s <= error_s or apart_s > newer.error_s + error_s


class ServerClock:
    """A Clock that follows the primary's; between two measurements it advances with the monotonic clock."""

    def __init__(self, database: Database, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._monotonic = monotonic
        self._estimate: Estimate | None = None

    def __call__(self) -> datetime:
        """UTC, in whole milliseconds. Raises Unavailable before the first measurement."""
        if self._estimate is None:
            raise Unavailable("The store has not been reached yet.")
        return whole_milliseconds(datetime.fromtimestamp(self._estimate.offset_s + self._monotonic(), UTC))

    async def ask(self) -> None:
        """Measures the offset once; half of the round trip is its error. Raises Unavailable."""
        sent = self._monotonic()
        with mongo_errors():
            answer = await self._database.command("hello", codec_options=TZ_AWARE)
        received = self._monotonic()
        middle = (sent + received) / 2
        newer = Estimate(answer["localTime"].timestamp() - middle, (received - sent) / 2, received)
        if self._estimate is None or self._estimate.yields_to(newer):
            self._estimate = newer

    async def run(self) -> None:
        """Measures every REFRESH_S, until cancelled."""
        while True:
            try:
                await self.ask()
            except Unavailable:
                log.warning("MongoDB's time could not be read")
            await asyncio.sleep(RETRY_S if self._estimate is None else REFRESH_S)
