"""A running account service on an empty database, its clock, and a database of one's own to break."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from devstack.servers.postgres import Postgres
from devstack.stack import Stack
from shared.messaging.inboxes import INBOXES
from shared.messaging.memory import MemoryBroker
from tests.integration.auth_service.replica import Clock, Replica, running, settings


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def broker() -> MemoryBroker:
    return MemoryBroker(INBOXES)


@pytest.fixture
async def auth(postgres_url: str, clock: Clock, broker: MemoryBroker) -> AsyncIterator[Replica]:
    async with running(settings(postgres_url), clock, broker) as replica:
        await replica.ready()
        yield replica


@pytest.fixture
async def second(auth: Replica, postgres_url: str, clock: Clock) -> AsyncIterator[Replica]:
    """Another replica on the same database."""
    async with running(settings(postgres_url), clock) as replica:
        await replica.ready()
        yield replica


@pytest.fixture(scope="module")
def breakable_stack() -> Iterator[Stack]:
    with tempfile.TemporaryDirectory(prefix="tonegate-", ignore_cleanup_errors=True) as path:
        Path(path).chmod(0o755)  # PostgreSQL runs as somebody else when we are root
        with Stack(Path(path)) as stack:
            yield stack


@pytest.fixture
def breakable(breakable_stack: Stack) -> Postgres:
    """A PostgreSQL that nobody else uses, so that it may be stopped and frozen."""
    server = breakable_stack.postgres
    if not server.alive:
        server.start()
    return server
