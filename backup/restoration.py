"""Restores a backup into empty stores. The services must not run meanwhile."""

import asyncio
from pathlib import Path

from auth_service.database.encryption import DataCipher
from backup.errors import BackupError
from backup.layout import CONVERTER, DEFAULT_DATABASE, NOTIFICATION, POSTGRES
from backup.mongo import FILES, mongo_client
from backup.mongo_restore import (
    CONVERSIONS,
    Restored,
    is_empty,
    restore_blobs,
    restore_collections,
    restore_conversions,
)
from backup.postgres_restore import is_without_accounts, restore_tables
from backup.settings import BackupSettings
from backup.verification import verify_records
from shared.settings import Secret

NOT_EMPTY = "{} is not empty: a backup is restored into an empty system only"


def restore(settings: BackupSettings, backup: Path, *, keep_sessions: bool = False) -> Restored:
    """Restores everything but the secrets. Raises BackupError.

    PostgreSQL is restored last, in one transaction: until then the accounts are missing, and a second
    attempt needs empty databases of MongoDB.
    """
    found = verify_records(backup)
    _check_empty(settings)
    with mongo_client(settings.notification_url) as client:
        notifications = client.get_default_database(DEFAULT_DATABASE)
        restore_collections(notifications, backup / NOTIFICATION, frozenset())
    with mongo_client(settings.converter_url) as client:
        database, folder = client.get_default_database(DEFAULT_DATABASE), backup / CONVERTER
        gone = restore_blobs(database, folder, backup)
        restored = restore_conversions(database, folder, gone)
        restore_collections(database, folder, frozenset({FILES, CONVERSIONS}))
    cipher = DataCipher(settings.data_keys)
    asyncio.run(
        restore_tables(settings.database_url, cipher, backup / POSTGRES, found, keep_sessions=keep_sessions)
    )
    return restored


def _check_empty(settings: BackupSettings) -> None:
    if not asyncio.run(is_without_accounts(settings.database_url)):
        raise BackupError(NOT_EMPTY.format("the database of auth_service"))
    for url, name in ((settings.converter_url, "converter"), (settings.notification_url, "notification")):
        if not _is_empty(url):
            raise BackupError(NOT_EMPTY.format(f"the database of {name}_service"))


def _is_empty(url: Secret) -> bool:
    with mongo_client(url) as client:
        return is_empty(client.get_default_database(DEFAULT_DATABASE))
