"""The connection to MongoDB: what is waited for, and for how long; and what its failures mean."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient, ReadPreference, WriteConcern
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import (
    ConnectionFailure,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    WaitQueueTimeoutError,
)
from pymongo.read_concern import ReadConcern

from shared.errors import Unavailable
from shared.settings import Secret
from shared.tasks import no_cancellation_lost

Document = dict[str, Any]
Client = AsyncMongoClient[Document]
Database = AsyncDatabase[Document]

DATABASE = "tonegate"
CONNECT_MS = 2_000
# All of an operation: finding a server, sending, waiting, trying again.
OPERATION_MS = 4_000
POOL = 64
OUT_OF_DISK_SPACE = 14031


def connect(url: Secret) -> Client:
    """Connects on first use. What is acknowledged survives the loss of a minority of the servers."""
    return AsyncMongoClient(
        url.reveal(),
        appname="tonegate-converter",
        tz_aware=True,
        connectTimeoutMS=CONNECT_MS,
        timeoutMS=OPERATION_MS,
        maxPoolSize=POOL,
    )


def database_of(client: Client) -> Database:
    """The database that the URL names, or `tonegate`."""
    return client.get_default_database(
        DATABASE,
        codec_options=CodecOptions(tz_aware=True),
        read_preference=ReadPreference.PRIMARY,
        write_concern=WriteConcern("majority", j=True),
        read_concern=ReadConcern("majority"),
    )


@contextmanager
def reachable() -> Iterator[None]:
    """Turns what the driver raises while the database is out of reach into Unavailable.

    The driver waits with asyncio.wait_for, which before Python 3.12 loses a cancellation that comes together
    with the answer (gh-86296): whoever cancelled would wait for ever. Here it is raised after all.
    """
    try:
        with no_cancellation_lost():
            yield
    except (ConnectionFailure, ExecutionTimeout, WaitQueueTimeoutError) as away:
        raise Unavailable("The store cannot be reached.") from away
    except OperationFailure as refused:
        if refused.code == OUT_OF_DISK_SPACE:
            raise Unavailable("The store is full.", retry_after_s=60) from refused
        if refused.timeout or refused.has_error_label("RetryableWriteError"):
            raise Unavailable("The store cannot be reached.") from refused
        raise
    except PyMongoError as failed:
        if failed.timeout:
            raise Unavailable("The store cannot be reached.") from failed
        raise
