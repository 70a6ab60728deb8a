"""Manifest of a backup: what it contains, and the digest of each file except blobs."""

from datetime import datetime
from pathlib import Path

import msgspec

from backup.errors import BackupError

NAME = "manifest.json"
FORMAT = 1


class DataFile(msgspec.Struct, frozen=True):
    """A file of records: its size in bytes, its SHA-256 and the number of its records."""

    size: int
    sha256: str
    records: int


class Table(msgspec.Struct, frozen=True):
    """A table of PostgreSQL; a table that others refer to comes before them."""

    name: str
    columns: tuple[str, ...]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`files` by their path below the backup. `revision` is that of auth_service's schema.

    Conversions accepted before `begun_at` are in the backup, unless they were deleted before `ended_at`.
    """

    format: int
    begun_at: datetime
    ended_at: datetime
    revision: str
    tables: tuple[Table, ...]
    files: dict[str, DataFile]
    blobs: int
    blob_bytes: int


def write_manifest(folder: Path, manifest: Manifest) -> None:
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    (folder / NAME).write_bytes(text + b"\n")


def read_manifest(folder: Path) -> Manifest:
    """Raises BackupError if there is no manifest that this version can read."""
    try:
        found = msgspec.json.decode((folder / NAME).read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise BackupError(f"{folder} is no backup: it has no {NAME}") from None
    except msgspec.DecodeError as error:
        raise BackupError(f"{folder / NAME} cannot be read: {error}") from None
    if found.format != FORMAT:
        raise BackupError(f"the backup has format {found.format}; this version reads format {FORMAT}")
    return found
