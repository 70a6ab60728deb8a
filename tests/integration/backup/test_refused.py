"""Backups that are not made, and backups that are not restored."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from backup.creation import create
from backup.errors import BackupError
from backup.manifest import NAME, Manifest, read_manifest, write_manifest
from backup.restoration import restore
from backup.settings import BackupSettings
from backup.verification import verify
from shared.settings import Secret
from tests.integration.backup.stores import add_account, add_record, converter, random_video, records, rows

TABLES = "SELECT to_regclass('auth.users')"


@pytest.fixture
async def backup(stores: BackupSettings, tmp_path: Path) -> Path:
    """A backup with an account, a conversion and a mail."""
    await add_account(stores, "ann@example.org")
    add_record(stores.notification_url, "letters", _id="event-1", state="sent")
    async with converter(stores, tmp_path / "scratch") as before:
        await before.queued(random_video())
    await asyncio.to_thread(create, stores, tmp_path / "backup")
    return tmp_path / "backup"


def _blob(backup: Path) -> Path:
    return next(path for path in (backup / "blobs").rglob("*") if path.is_file())


def _change_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    "damage",
    [
        lambda backup: _change_a_byte(_blob(backup)),
        lambda backup: _blob(backup).unlink(),
        lambda backup: _change_a_byte(backup / "postgres" / "users.copy"),
        lambda backup: (backup / "converter" / "conversions.bson").unlink(),
        lambda backup: (backup / "blobs.jsonl").write_bytes(b""),
        lambda backup: _change_a_byte(backup / "notification" / "letters.bson"),
    ],
    ids=["changed blob", "lost blob", "changed table", "lost records", "empty list", "changed record"],
)
async def test_damage_is_found(backup: Path, damage: Callable[[Path], object]) -> None:
    await asyncio.to_thread(verify, backup)
    damage(backup)
    with pytest.raises(BackupError, match=r"damaged|No such file"):
        await asyncio.to_thread(verify, backup)


async def test_damaged_records_are_noticed_before_anything_is_restored(
    backup: Path, empty: BackupSettings
) -> None:
    _change_a_byte(backup / "postgres" / "users.copy")
    with pytest.raises(BackupError, match="damaged"):
        await asyncio.to_thread(restore, empty, backup)
    assert records(empty.notification_url, "letters") == {}
    assert await rows(empty.database_url, TABLES) == [(None,)]


async def test_a_system_with_accounts_is_not_overwritten(
    backup: Path, stores: BackupSettings, new_stores: Callable[[], BackupSettings]
) -> None:
    fresh = new_stores()
    occupied = msgspec.structs.replace(fresh, database_url=stores.database_url)
    with pytest.raises(BackupError, match="auth_service is not empty"):
        await asyncio.to_thread(restore, occupied, backup)
    assert records(fresh.converter_url, "conversions") == {}


@pytest.mark.parametrize("store", ["converter", "notification"])
async def test_a_system_with_records_is_not_overwritten(
    backup: Path, empty: BackupSettings, store: str
) -> None:
    url: Secret = getattr(empty, f"{store}_url")
    add_record(url, "anything", _id="mine")
    with pytest.raises(BackupError, match=f"{store}_service is not empty"):
        await asyncio.to_thread(restore, empty, backup)
    assert set(records(url, "anything")) == {"mine"}
    assert await rows(empty.database_url, TABLES) == [(None,)]


async def test_the_data_keys_of_another_system_are_noticed(backup: Path, empty: BackupSettings) -> None:
    """Without the keys of the backup no signing key can be decrypted, and nobody could sign in."""
    other = msgspec.structs.replace(empty, data_keys=Secret("A" * 43))
    with pytest.raises(BackupError, match="AUTH_DATA_KEYS"):
        await asyncio.to_thread(restore, other, backup)
    assert await rows(empty.database_url, TABLES) == [(None,)]


async def test_a_backup_from_a_newer_version_is_refused(backup: Path, empty: BackupSettings) -> None:
    _change_manifest(backup, revision="9999")
    with pytest.raises(BackupError, match="newer version"):
        await asyncio.to_thread(restore, empty, backup)
    assert await rows(empty.database_url, TABLES) == [(None,)]


def test_a_backup_of_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text('{"format": 2}')
    with pytest.raises(BackupError, match=r"cannot be read|format 2"):
        read_manifest(tmp_path)


async def test_an_existing_directory_is_not_overwritten(stores: BackupSettings, backup: Path) -> None:
    before = read_manifest(backup)
    with pytest.raises(BackupError, match="exists already"):
        await asyncio.to_thread(create, stores, backup)
    assert read_manifest(backup) == before


async def test_a_backup_that_fails_leaves_no_directory(stores: BackupSettings, tmp_path: Path) -> None:
    away = msgspec.structs.replace(stores, database_url=Secret("postgresql://u:hidden@127.0.0.1:1/x"))
    with pytest.raises(BackupError) as refused:
        await asyncio.to_thread(create, away, tmp_path / "backup")
    assert "hidden" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


async def test_a_backup_is_readable_to_its_owner_only(backup: Path) -> None:
    """It holds password hashes, addresses and everybody's audio."""
    files = [path for path in backup.rglob("*") if path.is_file() and path.name != NAME]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert backup.stat().st_mode & 0o777 == 0o700


def _change_manifest(backup: Path, **changes: object) -> None:
    found: Manifest = read_manifest(backup)
    write_manifest(backup, msgspec.structs.replace(found, **changes))
