"""Connecting to MongoDB: bounded waits, and durable writes that a majority of the servers acknowledged."""

from typing import Any

from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from shared.settings import Secret

Document = dict[str, Any]
Client = AsyncMongoClient[Document]
Database = AsyncDatabase[Document]

CONNECT_MS = 2_000
# Bounds a whole operation: server selection, sending, waiting and retries.
OPERATION_MS = 4_000
MAX_CONNECTIONS = 64


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
