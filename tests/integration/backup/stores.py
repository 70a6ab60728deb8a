"""Accounts and conversions of a test, written to and read from the stores directly."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from pymongo import MongoClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.database.connection import one_connection
from auth_service.sessions.model import Session
from auth_service.users.model import User
from backup.settings import BackupSettings
from shared.clock import utc_now
from shared.mongo import Document, connect
from shared.settings import Secret
from tests.support.worker_harness import WorkerHarness


async def add_account(settings: BackupSettings, email: str) -> None:
    """An account with one session."""
    now, later = utc_now(), utc_now() + timedelta(days=30)
    user = User(id=uuid4(), email=email, email_canonical=email.lower(), roles=["user"], created_at=now)
    times = {"created_at": now, "last_used_at": now, "idle_until": later, "expires_at": later}
    bound = one_connection(settings.database_url, command_s=10)
    async with bound as connection, AsyncSession(connection) as session:
        session.add(user)
        await session.flush()
        session.add(Session(id=uuid4(), user_id=user.id, **times))
        await session.flush()


async def rows(url: Secret, query: str) -> list[tuple[Any, ...]]:
    async with one_connection(url, command_s=10) as connection:
        return [tuple(row) for row in await connection.execute(text(query))]


@asynccontextmanager
async def converter(settings: BackupSettings, scratch: Path) -> AsyncIterator[WorkerHarness]:
    """The converter's stores, with their indexes."""
    async with connect(settings.converter_url) as client:
        harness = WorkerHarness(client, scratch)
        await harness.store.prepare()
        await harness.blobs.prepare()
        yield harness
        harness.scratch.close()


def records(url: Secret, name: str) -> dict[Any, Document]:
    """The documents of a collection by their ids."""
    with MongoClient[Document](url.reveal()) as client:
        return {each["_id"]: each for each in client.get_default_database()[name].find()}


def add_record(url: Secret, name: str, **fields: object) -> None:
    with MongoClient[Document](url.reveal()) as client:
        client.get_default_database()[name].insert_one({**fields})


def remove(url: Secret, name: str, **fields: object) -> None:
    with MongoClient[Document](url.reveal()) as client:
        client.get_default_database()[name].delete_many({**fields})


def random_video() -> bytes:
    """Bytes of three chunks, the last of them shorter."""
    return secrets.token_bytes(2_500_000)
