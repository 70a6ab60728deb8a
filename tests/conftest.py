"""Real servers for the tests that ask for them: each started once, at first need, shared by the session."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from devstack.servers.mail import MailSink
from devstack.servers.mongo import Mongo
from devstack.servers.postgres import Postgres
from devstack.servers.rabbitmq import RabbitMQ
from devstack.servers.redis import Redis
from devstack.stack import Stack
from tests.support.media import Media
from tests.support.openid_provider import OpenIDProvider
from tests.support.vhosts import VhostPool


def pytest_configure() -> None:
    """How long an example takes is the machine's business: none fails for being slow."""
    settings.register_profile("tonegate", deadline=None)
    settings.load_profile("tonegate")


@pytest.fixture(scope="session")
def idle_servers() -> Iterator[Stack]:
    """The shared stack with nothing running yet; what the fixtures below start ends with the session."""
    with tempfile.TemporaryDirectory(prefix="tonegate-", ignore_cleanup_errors=True) as path:
        # mkdtemp is for its owner only; PostgreSQL runs as somebody else when we are root.
        Path(path).chmod(0o755)
        with Stack(Path(path)) as stack:
            yield stack


@pytest.fixture(scope="session")
def postgres(idle_servers: Stack) -> Postgres:
    idle_servers.postgres.start()
    return idle_servers.postgres


@pytest.fixture(scope="session")
def mongo(idle_servers: Stack) -> Mongo:
    idle_servers.mongo.start()
    return idle_servers.mongo


@pytest.fixture(scope="session")
def rabbitmq(idle_servers: Stack) -> RabbitMQ:
    idle_servers.rabbitmq.start()
    return idle_servers.rabbitmq


@pytest.fixture
def redis(idle_servers: Stack) -> Redis:
    """Empty. Who stops it need not start it again."""
    if not idle_servers.redis.alive:
        idle_servers.redis.start()
    idle_servers.redis.clear()
    return idle_servers.redis


@pytest.fixture(scope="session")
def mail_sink(idle_servers: Stack) -> MailSink:
    """Shared: look for your own recipient, `mail_sink.messages(to=…)`."""
    idle_servers.mail.start()
    return idle_servers.mail


@pytest.fixture(scope="session")
def openid_provider(idle_servers: Stack) -> Iterator[OpenIDProvider]:
    """Shared: everybody signs in there as somebody else."""
    provider = OpenIDProvider(idle_servers.home, idle_servers.ports["oidc-provider"])
    provider.start()
    yield provider
    provider.stop()


@pytest.fixture(scope="session")
def servers(
    idle_servers: Stack,
    postgres: Postgres,
    mongo: Mongo,
    rabbitmq: RabbitMQ,
    mail_sink: MailSink,
) -> Stack:
    """All four servers, running."""
    return idle_servers


@pytest.fixture(scope="session")
def vhosts(rabbitmq: RabbitMQ) -> VhostPool:
    return VhostPool(rabbitmq)


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """An empty database for this test alone."""
    url = postgres.new_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture
def mongo_url(mongo: Mongo) -> Iterator[str]:
    """An empty database for this test alone."""
    url = mongo.new_database()
    yield url
    mongo.drop_database(url)


@pytest.fixture
def amqp_url(vhosts: VhostPool) -> str:
    """An empty virtual host for this test alone."""
    return vhosts.take()


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Media:
    """Tiny real videos made by ffmpeg, each made once."""
    return Media(tmp_path_factory.mktemp("media"))
