"""Contract tests of auth_service's outbox table (PostgreSQL)."""

from collections.abc import AsyncIterator

import pytest

from auth_service.database.encryption import DataCipher
from auth_service.database.engine import Database
from auth_service.database.outbox import SqlOutbox, store
from auth_service.migrations.upgrade import migrate
from shared.clock import utc_now
from shared.messaging.envelope import Envelope
from shared.messaging.outbox import OutboxStore
from shared.settings import Secret
from tests.contract.outbox.suite import OutboxRig, OutboxSuite


class SqlRig:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def store(self, envelope: Envelope) -> None:
        async with self._database.transaction() as transaction:
            await store(transaction, envelope)

    def opened(self) -> OutboxStore:
        return SqlOutbox(self._database)


class TestSqlOutbox(OutboxSuite):
    @pytest.fixture
    async def rig(self, postgres_url: str) -> AsyncIterator[OutboxRig]:
        await migrate(Secret(postgres_url), DataCipher(Secret("k" * 43)), utc_now)
        database = Database(Secret(postgres_url))
        database.open()
        yield SqlRig(database)
        await database.close()
