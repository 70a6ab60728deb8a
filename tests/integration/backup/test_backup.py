"""Backups of the stores, and their restoration into empty ones."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from msgspec.structs import replace
from sqlalchemy import text

from auth_service.database.connection import one_connection
from auth_service.database.encryption import DataCipher
from auth_service.migrations.upgrade import alembic_config
from backup.blobs import BlobCopies, blob_path
from backup.creation import create
from backup.mongo import dump_collections
from backup.restoration import restore
from backup.settings import BackupSettings
from backup.verification import verify
from converter_service.conversions.model import Conversion
from shared.clock import utc_now
from shared.identity.key_pair import generate
from tests.integration.backup.conftest import DATA_KEYS
from tests.integration.backup.stores import (
    add_account,
    add_record,
    converter,
    random_video,
    records,
    remove,
    rows,
)
from tests.support.worker_harness import WorkerHarness

USERS = "SELECT id, email, email_canonical, roles, created_at FROM auth.users ORDER BY email"
OPEN_SESSIONS = "SELECT id FROM auth.sessions WHERE revoked_at IS NULL"
KEYS = "SELECT kid, private_key FROM auth.signing_keys"


async def backed_up(stores: BackupSettings, target: Path, **more: Any) -> Path:
    await asyncio.to_thread(create, stores, target, **more)
    return target


async def test_every_record_and_every_byte_is_restored(
    stores: BackupSettings, empty: BackupSettings, tmp_path: Path
) -> None:
    await add_account(stores, "Ann\tTab\\Back\nslash@example.org")
    add_record(stores.notification_url, "letters", _id="event-1", state="sent", binary=b"\x00\xff")
    video = random_video()
    async with converter(stores, tmp_path / "scratch") as before:
        conversion = await before.queued(video)
        backup = await backed_up(stores, tmp_path / "backup")
        await asyncio.to_thread(verify, backup)
        done = await asyncio.to_thread(restore, empty, backup)

        assert (done.conversions, done.left_out) == (1, 0)
        async with converter(empty, tmp_path / "other") as after:
            restored = await after.now(conversion)
            assert replace(restored, due_at=None) == replace(await before.now(conversion), due_at=None)
            assert restored.due_at is not None
            assert restored.due_at <= utc_now(), "announced again at once"
            assert await video_of(after, conversion) == video
    for query in (USERS, KEYS):
        assert await rows(empty.database_url, query) == await rows(stores.database_url, query) != []
    letters = records(empty.notification_url, "letters")
    assert letters == records(stores.notification_url, "letters") != {}


@pytest.mark.parametrize("kept", [False, True])
async def test_sessions_end_with_a_restoration_unless_they_are_to_be_kept(
    stores: BackupSettings, empty: BackupSettings, tmp_path: Path, *, kept: bool
) -> None:
    """A session that was signed out after the backup would be valid again."""
    await add_account(stores, "ann@example.org")
    backup = await backed_up(stores, tmp_path / "backup")
    await asyncio.to_thread(restore, empty, backup, keep_sessions=kept)
    assert len(await rows(empty.database_url, OPEN_SESSIONS)) == int(kept)


async def test_blobs_that_did_not_change_share_their_files_with_the_previous_backup(
    stores: BackupSettings, tmp_path: Path
) -> None:
    async with converter(stores, tmp_path / "scratch") as before:
        old = await before.queued(random_video())
        first = await backed_up(stores, tmp_path / "first")
        new = await before.queued(random_video())
    second = await backed_up(stores, tmp_path / "second", previous=first)
    old_blob, new_blob = str(old.source_blob), str(new.source_blob)
    assert blob_path(first, old_blob).samefile(blob_path(second, old_blob))
    assert not blob_path(first, new_blob).exists()
    assert blob_path(second, new_blob).stat().st_size == 2_500_000
    await asyncio.to_thread(verify, second)


async def test_a_conversion_that_is_deleted_while_its_video_is_copied_is_not_in_the_backup(
    stores: BackupSettings, empty: BackupSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with converter(stores, tmp_path / "scratch") as before:
        deleted, kept = await before.queued(random_video()), await before.queued(video := random_video())

        def read_and_delete(*arguments: Any) -> Any:
            files = dump_collections(*arguments)
            remove(stores.converter_url, "fs.chunks", files_id=deleted.source_blob)
            remove(stores.converter_url, "fs.files", _id=deleted.source_blob)
            remove(stores.converter_url, "conversions", _id=deleted.id)
            return files

        _read_records_before_blobs(monkeypatch, read_and_delete)
        backup = await backed_up(stores, tmp_path / "backup")
        done = await asyncio.to_thread(restore, empty, backup)
    assert (done.conversions, done.left_out) == (1, 0)
    async with converter(empty, tmp_path / "other") as after:
        assert await video_of(after, kept) == video


async def test_a_record_whose_bytes_are_gone_at_each_reading_is_left_out_when_restored(
    stores: BackupSettings, empty: BackupSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with converter(stores, tmp_path / "scratch") as before:
        damaged, kept = await before.queued(random_video()), await before.queued(random_video())
    remove(stores.converter_url, "fs.chunks", files_id=damaged.source_blob, n=1)
    backup = await backed_up(stores, tmp_path / "backup")
    await asyncio.to_thread(verify, backup)
    done = await asyncio.to_thread(restore, empty, backup)
    assert (done.conversions, done.left_out) == (1, 1)
    assert set(records(empty.converter_url, "conversions")) == {kept.id}


async def test_a_backup_of_an_earlier_schema_is_migrated(
    empty: BackupSettings, new_stores: Callable[[], BackupSettings], tmp_path: Path
) -> None:
    old, cipher = new_stores(), DataCipher(DATA_KEYS)
    pem = generate().pem.reveal()
    async with one_connection(old.database_url, command_s=10) as connection:
        await connection.execute(text("CREATE SCHEMA auth"))
        await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync, cipher), "0011"))
        key = {"kid": "old", "pem": pem, "now": utc_now()}
        insert = "INSERT INTO auth.signing_keys (kid, private_pem, created_at, signs_from)"
        await connection.execute(text(f"{insert} VALUES (:kid, :pem, :now, :now)"), key)
    await asyncio.to_thread(restore, empty, await backed_up(old, tmp_path / "backup"))
    [(sealed,)] = await rows(empty.database_url, "SELECT private_key FROM auth.signing_keys")
    assert cipher.decrypt(sealed, "signing_keys/old").decode() == pem


async def test_an_event_after_a_restoration_gets_a_number_of_its_own(
    stores: BackupSettings, empty: BackupSettings, tmp_path: Path
) -> None:
    """Sequences continue behind the restored rows."""
    columns = "(at, action, request_id, details) VALUES (now(), 'tried', '', '{}')"
    event = f"INSERT INTO auth.audit {columns} RETURNING position"
    numbers = [(await rows(stores.database_url, event))[0][0] for _ in range(3)]
    await asyncio.to_thread(restore, empty, await backed_up(stores, tmp_path / "backup"))
    assert (await rows(empty.database_url, event))[0][0] > max(numbers)


async def video_of(harness: WorkerHarness, conversion: Conversion) -> bytes:
    parts = await harness.blobs.open(str(conversion.source_blob))
    return b"".join([part async for part in parts])


def _read_records_before_blobs(monkeypatch: pytest.MonkeyPatch, read: Callable[..., Any]) -> None:
    """As if all conversions were added after the first pass over the blobs."""
    monkeypatch.setattr("backup.creation.dump_collections", read)
    monkeypatch.setattr(BlobCopies, "copy_all", lambda *_: None)
