"""Restores MongoDB: first the chunks of each blob, then its `fs.files` record, then all other records."""

from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from bson.raw_bson import RawBSONDocument
from pymongo import ASCENDING
from pymongo.database import Database

from backup.blobs import Blob, read_chunks, read_list
from backup.mongo import BATCH, CHUNKS, FILES, documents
from shared.mongo import Document

CONVERSIONS = "conversions"
MAX_BATCH_BYTES = 16 << 20


class Restored(msgspec.Struct, frozen=True):
    """Numbers of restored and of left out conversions."""

    conversions: int
    left_out: int


def is_empty(database: Database[Document]) -> bool:
    """True if no collection of the database holds a record, except the places of background tasks."""
    names = database.list_collection_names(filter={"type": "collection"})
    return all(
        database[name].find_one({}, {"_id": 1}) is None
        for name in names
        if name != "bookmarks" and not name.startswith("system.")
    )


def restore_blobs(database: Database[Document], folder: Path, backup: Path) -> set[str]:
    """Restores each blob that has a file; returns the ids of those that were gone before their copy."""
    known, gone = {blob.id: blob for blob in read_list(backup)}, set[str]()
    database[CHUNKS].create_index([("files_id", ASCENDING), ("n", ASCENDING)], unique=True)
    for record in documents(folder / f"{FILES}.bson"):
        blob = known.get(record["_id"])
        if blob is None:
            gone.add(record["_id"])
        else:
            _insert_chunks(database, backup, blob, int(record["chunkSize"]))
            database[FILES].insert_one(record)
    return gone


def _insert_chunks(database: Database[Document], backup: Path, blob: Blob, chunk_size: int) -> None:
    per_batch = max(1, MAX_BATCH_BYTES // chunk_size)
    numbered = enumerate(read_chunks(backup, blob, chunk_size))
    while batch := list(islice(numbered, per_batch)):
        chunks: list[Document] = [{"files_id": blob.id, "n": number, "data": data} for number, data in batch]
        database[CHUNKS].insert_many(chunks)


def restore_conversions(database: Database[Document], folder: Path, gone: set[str]) -> Restored:
    """Restores conversions; leaves out those that were deleted during the backup, whose blobs are gone."""
    records, left_out = 0, 0

    def kept(found: Iterable[RawBSONDocument]) -> Iterable[RawBSONDocument]:
        nonlocal records, left_out
        for record in found:
            if _refers_to(record, gone):
                left_out += 1
            else:
                records += 1
                yield record

    insert_all(database, CONVERSIONS, kept(documents(folder / f"{CONVERSIONS}.bson")))
    # The broker has no message about them: the sweeper announces them as soon as it runs.
    database[CONVERSIONS].update_many({"status": "queued"}, [{"$set": {"due_at": "$$NOW"}}])
    return Restored(records, left_out)


def _refers_to(record: Mapping[str, Any], gone: set[str]) -> bool:
    return bool(gone) and not gone.isdisjoint(record.get("blobs") or ())


def restore_collections(database: Database[Document], folder: Path, except_for: frozenset[str]) -> None:
    """Restores every other dumped collection."""
    for path in sorted(folder.glob("*.bson")):
        if path.stem not in except_for:
            database[path.stem].delete_many({})
            insert_all(database, path.stem, documents(path))


def insert_all(database: Database[Document], name: str, records: Iterable[RawBSONDocument]) -> None:
    iterator = iter(records)
    while batch := list(islice(iterator, BATCH)):
        database[name].insert_many(batch)
