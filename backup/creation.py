"""Creates a backup whose stores are consistent with each other, while the system runs.

1. All blobs are copied; a blob never changes.
2. Conversions, `fs.files` and the other records of the converter are read at one moment.
3. Blobs that were added until that moment are copied.
4. Records of notification_service and the tables of auth_service are read, each at one moment.

So every conversion of 2 has its bytes from 1 or 3, and its owner in 4.
"""

import asyncio
import shutil
from pathlib import Path

from pymongo.database import Database

from backup.blobs import LIST, BlobCopies, read_list, write_list
from backup.directory import new_directory
from backup.layout import CONVERTER, DEFAULT_DATABASE, NOTIFICATION, POSTGRES, SECRETS
from backup.manifest import FORMAT, DataFile, Manifest, read_manifest, write_manifest
from backup.mongo import FILES, documents, dump_collections, mongo_client
from backup.postgres import dump_tables
from backup.secrets import copy_secrets
from backup.settings import BackupSettings
from shared.clock import utc_now
from shared.mongo import Document

# A record may be deleted between its reading and the copy of its blobs.
MAX_READINGS = 5


def create(
    settings: BackupSettings, target: Path, *, previous: Path | None = None, secrets: Path | None = None
) -> Manifest:
    """Writes a backup to the new directory `target`. Raises BackupError.

    Blobs that the backup `previous` has are linked to its files. `secrets` is a directory to include.
    """
    with new_directory(target) as draft:
        begun_at, copies = utc_now(), _copies(draft, previous)
        files = _dump_converter(settings, draft, copies)
        files |= _dump_notification(settings, draft)
        revision, tables, rows = asyncio.run(dump_tables(settings.database_url, draft / POSTGRES))
        files |= _below(POSTGRES, rows, ".copy")
        files[LIST] = write_list(draft, copies)
        if secrets is not None:
            files |= _below(SECRETS, copy_secrets(secrets, draft / SECRETS))
        manifest = Manifest(
            format=FORMAT,
            begun_at=begun_at,
            ended_at=utc_now(),
            revision=revision,
            tables=tables,
            files=files,
            blobs=len(copies.copied),
            blob_bytes=sum(blob.size for blob in copies.copied.values()),
        )
        write_manifest(draft, manifest)
    return manifest


def _copies(draft: Path, previous: Path | None) -> BlobCopies:
    if previous is None:
        return BlobCopies(draft)
    read_manifest(previous)
    return BlobCopies(draft, {blob.id: blob for blob in read_list(previous)}, previous)


def _dump_converter(settings: BackupSettings, draft: Path, copies: BlobCopies) -> dict[str, DataFile]:
    with mongo_client(settings.converter_url) as client:
        database = client.get_default_database(DEFAULT_DATABASE)
        copies.copy_all(database)
        for _ in range(MAX_READINGS):
            shutil.rmtree(draft / CONVERTER, ignore_errors=True)
            files = dump_collections(client, database.name, draft / CONVERTER)
            if _copy_added(database, draft, copies):
                break
    return _below(CONVERTER, files, ".bson")


def _copy_added(database: Database[Document], draft: Path, copies: BlobCopies) -> bool:
    """Copies the blobs of the records just read; returns False if one of them is gone."""
    records = documents(draft / CONVERTER / f"{FILES}.bson")
    return sum(not copies.copy(database, record) for record in records) == 0


def _dump_notification(settings: BackupSettings, draft: Path) -> dict[str, DataFile]:
    with mongo_client(settings.notification_url) as client:
        name = client.get_default_database(DEFAULT_DATABASE).name
        files = dump_collections(client, name, draft / NOTIFICATION)
    return _below(NOTIFICATION, files, ".bson")


def _below(folder: str, files: dict[str, DataFile], suffix: str = "") -> dict[str, DataFile]:
    return {f"{folder}/{name}{suffix}": file for name, file in files.items()}
