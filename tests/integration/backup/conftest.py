"""Fixtures: empty stores of a running system, and of the one that a backup is restored into."""

import secrets
from collections.abc import Callable, Iterator

import pytest

from auth_service.database.encryption import DataCipher
from auth_service.migrations.upgrade import migrate
from backup.settings import BackupSettings
from devstack.servers.mongo import Mongo
from devstack.servers.postgres import Postgres
from shared.clock import utc_now
from shared.settings import Secret

DATA_KEYS = Secret(secrets.token_urlsafe(32))


@pytest.fixture
def new_stores(postgres: Postgres, mongo: Mongo) -> Iterator[Callable[[], BackupSettings]]:
    """Creates empty stores, which are dropped after the test."""
    made = list[BackupSettings]()

    def create() -> BackupSettings:
        made.append(
            BackupSettings(
                database_url=Secret(postgres.new_database()),
                data_keys=DATA_KEYS,
                converter_url=Secret(mongo.new_database()),
                notification_url=Secret(mongo.new_database()),
            )
        )
        return made[-1]

    yield create
    for each in made:
        postgres.drop_database(each.database_url.reveal())
        mongo.drop_database(each.converter_url.reveal())
        mongo.drop_database(each.notification_url.reveal())


@pytest.fixture
async def stores(new_stores: Callable[[], BackupSettings]) -> BackupSettings:
    """Stores with auth_service's tables and a signing key."""
    made = new_stores()
    await migrate(made.database_url, DataCipher(made.data_keys), utc_now)
    return made


@pytest.fixture
def empty(new_stores: Callable[[], BackupSettings]) -> BackupSettings:
    """Stores that nothing was ever written to."""
    return new_stores()
