"""Blobs of GridFS as files `blobs/ab/<id in hex>`; successive backups share them as hard links.

A blob never changes, so that a backup can begin with the blobs and read the records afterwards.
"""

import errno
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from pymongo import ASCENDING
from pymongo.database import Database

from backup.data_file import FileWriter, check_file, opened
from backup.errors import BackupError
from backup.manifest import DataFile
from backup.mongo import CHUNKS, FILES
from shared.mongo import Document

FOLDER, LIST = "blobs", "blobs.jsonl"
PAGE = 200
CHUNKS_IN_BATCH = 8


class Blob(msgspec.Struct, frozen=True):
    """A copied blob: a line of `blobs.jsonl`."""

    id: str
    size: int
    sha256: str


class Incomplete(Exception):
    """A blob was deleted while it was copied."""


@dataclass
class BlobCopies:
    """The blobs of one backup. `previous` are those of an earlier one, whose files are linked."""

    folder: Path
    previous: Mapping[str, Blob] = field(default_factory=dict)
    previous_folder: Path | None = None
    copied: dict[str, Blob] = field(default_factory=dict)

    def copy_all(self, database: Database[Document]) -> None:
        """Copies every complete blob that is not copied yet; skips those that are deleted meanwhile."""
        last = ""
        while page := list(database[FILES].find({"_id": {"$gt": last}}).sort("_id", ASCENDING).limit(PAGE)):
            for document in page:
                self.copy(database, document)
            last = page[-1]["_id"]

    def copy(self, database: Database[Document], document: Mapping[str, Any]) -> bool:
        """Copies one blob; returns False if it no longer exists."""
        identity = document["_id"]
        if identity in self.copied:
            return True
        linked = self._link(identity)
        try:
            self.copied[identity] = linked or self._write(database, document)
        except Incomplete:
            return False
        return True

    def _link(self, identity: str) -> Blob | None:
        known = self.previous.get(identity)
        if known is None or self.previous_folder is None:
            return None
        target = blob_path(self.folder, identity)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            os.link(blob_path(self.previous_folder, identity), target)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno in (errno.EXDEV, errno.EPERM, errno.EMLINK):
                return None  # another file system, or one without hard links
            raise
        return known

    def _write(self, database: Database[Document], document: Mapping[str, Any]) -> Blob:
        path = blob_path(self.folder, document["_id"])
        try:
            with FileWriter(path) as file:
                for data in _chunks(database, document):
                    file.write(data)
        except Incomplete:
            path.unlink()
            raise
        return Blob(document["_id"], file.size, file.written.sha256)


def _chunks(database: Database[Document], document: Mapping[str, Any]) -> Iterator[bytes]:
    """The bytes of a blob. Raises Incomplete where chunks are missing."""
    left, number = int(document["length"]), 0
    with (
        database[CHUNKS]
        .find({"files_id": document["_id"]}, {"_id": 0, "n": 1, "data": 1}, batch_size=CHUNKS_IN_BATCH)
        .sort("n", ASCENDING) as found
    ):
        for chunk in found:
            if left <= 0:
                return  # added by a writer that was fenced
            if chunk["n"] != number:
                raise Incomplete
            data = chunk["data"][:left]
            yield data
            left, number = left - len(data), number + 1
    if left > 0:
        raise Incomplete


def write_list(folder: Path, copies: BlobCopies) -> DataFile:
    """Writes the list of blobs, in the order of their ids."""
    with FileWriter(folder / LIST) as file:
        for _, blob in sorted(copies.copied.items()):
            file.write(msgspec.json.encode(blob) + b"\n")
    return file.written


def read_list(folder: Path) -> Iterator[Blob]:
    """The blobs of a backup. Raises BackupError for a list that cannot be read."""
    try:
        with (folder / LIST).open("rb") as stream:
            for line in stream:
                yield msgspec.json.decode(line, type=Blob)
    except (OSError, msgspec.DecodeError) as error:
        raise BackupError(f"{folder / LIST}: {error}") from None


def blob_path(folder: Path, identity: str) -> Path:
    """The name is the id in hex, or its digest if that is too long for a file name."""
    name = identity.encode().hex()
    if len(name) > 200:
        name = hashlib.sha256(identity.encode()).hexdigest()
    return folder / FOLDER / name[-2:] / name


def check_blob(folder: Path, blob: Blob) -> None:
    """Raises BackupError if the file of a blob is missing or damaged."""
    check_file(blob_path(folder, blob.id), blob.size, blob.sha256)


def read_chunks(folder: Path, blob: Blob, chunk_size: int) -> Iterator[bytes]:
    """The bytes of a blob in chunks of `chunk_size` (the last is shorter); digested against damage.

    Raises BackupError at the end if the bytes are not those that were backed up.
    """
    digest, size = hashlib.sha256(), 0
    with opened(blob_path(folder, blob.id)) as descriptor:
        while data := _read_exactly(descriptor, chunk_size):
            digest.update(data)
            size += len(data)
            yield data
    if (size, digest.hexdigest()) != (blob.size, blob.sha256):
        raise BackupError(f"{blob_path(folder, blob.id)} is damaged")


def _read_exactly(descriptor: int, size: int) -> bytes:
    parts, left = list[bytes](), size
    while left and (part := os.read(descriptor, left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
