"""MongoDB for the backup commands: connection, and a dump of collections at one moment."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bson
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import BulkWriteError, OperationFailure, PyMongoError

from backup.data_file import FileWriter
from backup.errors import BackupError
from backup.manifest import DataFile
from shared.mongo import Document
from shared.settings import Secret

CHUNKS, FILES = "fs.chunks", "fs.files"
CONNECT_MS, SOCKET_MS = 5_000, 120_000
SNAPSHOT_TOO_OLD = 239
BATCH = 500
RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)


@contextmanager
def mongo_client(url: Secret) -> Iterator[MongoClient[Document]]:
    """A client whose writes are durable on a majority. Raises BackupError in place of the driver's errors."""
    try:
        with MongoClient[Document](
            url.reveal(),
            appname="tonegate-backup",
            tz_aware=True,
            serverSelectionTimeoutMS=CONNECT_MS,
            connectTimeoutMS=CONNECT_MS,
            socketTimeoutMS=SOCKET_MS,
            w="majority",
            journal=True,
            readConcernLevel="majority",
        ) as client:
            yield client
    except BulkWriteError as error:
        problems = error.details.get("writeErrors", [])
        raise BackupError(
            f"MongoDB refused a record: {problems[0].get('errmsg') if problems else error}"
        ) from None
    except OperationFailure as error:
        raise BackupError(f"MongoDB: {_reason(error)}") from None
    except (PyMongoError, ValueError) as error:
        # The text of an error about the URL may contain the password.
        raise BackupError(f"MongoDB cannot be used: {type(error).__name__}") from None


def _reason(error: OperationFailure) -> str:
    if error.code == SNAPSHOT_TOO_OLD:
        return (
            "reading took longer than minSnapshotHistoryWindowInSeconds; raise that parameter of the server"
        )
    details: Mapping[str, Any] = error.details or {}
    return str(details.get("codeName") or f"error {error.code}")


def dump_collections(client: MongoClient[Any], database: str, folder: Path) -> dict[str, DataFile]:
    """Writes each collection except `fs.chunks` to `folder/NAME.bson`, all as they were at one moment.

    The files are concatenated BSON documents, as those of mongodump. A snapshot session reads at one cluster
    time from a replica set (MongoDB 5.0 or later).
    """
    names = sorted(
        each["name"]
        for each in client[database].list_collections(filter={"type": "collection"})
        if each["name"] != CHUNKS and not each["name"].startswith("system.")
    )
    written = dict[str, DataFile]()
    with client.start_session(snapshot=True) as session:
        for name in names:
            collection = Database[RawBSONDocument](client, database, codec_options=RAW)[name]
            with FileWriter(folder / f"{name}.bson") as file:
                for document in collection.find({}, session=session, batch_size=BATCH):
                    file.write(bytes(document.raw))
            written[name] = file.written
    return written


def documents(path: Path) -> Iterator[RawBSONDocument]:
    """The documents of a dumped collection, one at a time; none if it did not exist.

    Raises BackupError for a damaged file.
    """
    if not path.exists():
        return
    try:
        with path.open("rb") as stream:
            yield from bson.decode_file_iter(stream, RAW)
    except (OSError, bson.InvalidBSON) as error:
        raise BackupError(f"{path}: {error}") from None
