"""Fixtures: a running auth_service on empty tables, its clock, and a PostgreSQL that tests may stop."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from auth_service.database.connection import one_connection
from auth_service.migrations.tables import METADATA
from auth_service.migrations.upgrade import migrate
from devstack.servers.postgres import Postgres
from devstack.stack import Stack
from shared.contracts.events import AccountClaimed, AccountDeleted, AccountRecovered, SessionRevoked
from shared.messaging.handlers import Delivery, Handlers
from shared.messaging.subscriptions import NOTIFICATION_ACCOUNTS, SUBSCRIPTIONS
from shared.settings import Secret
from tests.integration.auth_service.account_mails import AccountMails, recorded_mails
from tests.integration.auth_service.replica import CIPHER, Clock, Replica, listening, running, settings
from tests.support.messaging import MemoryBroker


@pytest.fixture(scope="session")
def tables_url(postgres: Postgres) -> Iterator[str]:
    """A migrated database for the whole test session, because migrating for each test takes too long."""
    url = postgres.new_database()
    asyncio.run(migrate(Secret(url), CIPHER, lambda: datetime.now(UTC)))
    yield url
    postgres.drop_database(url)


@pytest.fixture
async def postgres_url(tables_url: str) -> str:
    """The migrated database with all tables emptied."""
    async with one_connection(Secret(tables_url), command_s=10) as connection:
        names = ", ".join(f"auth.{table.name}" for table in METADATA.sorted_tables)
        await connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
    return tables_url


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def broker() -> MemoryBroker:
    return MemoryBroker(SUBSCRIPTIONS)


@pytest.fixture
async def auth(postgres_url: str, clock: Clock, broker: MemoryBroker) -> AsyncIterator[Replica]:
    async with running(settings(postgres_url), clock, broker) as replica:
        await replica.ready()
        yield replica


@pytest.fixture
async def mails(broker: MemoryBroker) -> AsyncIterator[AccountMails]:
    """Account mails that `auth` requests from notification_service."""
    async with recorded_mails(broker) as read:
        yield read


@pytest.fixture
async def revoked(broker: MemoryBroker) -> AsyncIterator[list[SessionRevoked]]:
    """SessionRevoked events of `auth`, as a gateway receives them."""
    async with listening(broker) as received:
        yield received


@pytest.fixture
async def second(
    auth: Replica, postgres_url: str, clock: Clock, broker: MemoryBroker
) -> AsyncIterator[Replica]:
    """Another replica on the same database and broker."""
    async with running(settings(postgres_url), clock, broker) as replica:
        await replica.ready()
        yield replica


@pytest.fixture(scope="module")
def breakable_stack() -> Iterator[Stack]:
    with tempfile.TemporaryDirectory(prefix="tonegate-", ignore_cleanup_errors=True) as path:
        Path(path).chmod(0o755)  # PostgreSQL runs as another user when the tests run as root
        with Stack(Path(path)) as stack:
            yield stack


@pytest.fixture
def breakable(breakable_stack: Stack) -> Postgres:
    """A PostgreSQL for one test module, so that it may be stopped and frozen."""
    server = breakable_stack.postgres
    if not server.alive:
        server.start()
    return server


@pytest.fixture
async def claimed(broker: MemoryBroker) -> AsyncIterator[list[AccountClaimed]]:
    """Account events, as notification_service receives them."""
    received: list[AccountClaimed] = []

    async def receive(event: AccountDeleted | AccountClaimed | AccountRecovered, _: Delivery) -> None:
        if isinstance(event, AccountClaimed):
            received.append(event)

    kinds = NOTIFICATION_ACCOUNTS.events
    consumer = broker.consumer(NOTIFICATION_ACCOUNTS, Handlers(dict.fromkeys(kinds, receive), expected=kinds))
    running = asyncio.create_task(consumer.run())
    yield received
    await consumer.stop(timedelta(seconds=1))
    await running
