"""Verifies a backup: reads every file and compares it with its digest."""

from pathlib import Path

from backup.blobs import check_blob, read_list
from backup.data_file import check_file
from backup.errors import BackupError
from backup.manifest import Manifest, read_manifest


def verify(backup: Path) -> Manifest:
    """Returns the manifest of a complete backup. Raises BackupError for what is missing or damaged."""
    found = verify_records(backup)
    for blob in read_list(backup):
        check_blob(backup, blob)
    return found


def verify_records(backup: Path) -> Manifest:
    """As `verify`, without the blobs."""
    found = read_manifest(backup)
    for name, file in found.files.items():
        check_file(backup / name, file.size, file.sha256)
    number = sum(1 for _ in read_list(backup))
    if number != found.blobs:
        raise BackupError(f"the backup lists {number} blobs and was made with {found.blobs}")
    return found
