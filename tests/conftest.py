"""Fixtures of real servers, each started at first use and shared by the session; the option `--fast`."""

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from devstack.servers.mail import MailSink
from devstack.servers.mongo import Mongo
from devstack.servers.postgres import Postgres
from devstack.servers.rabbitmq import RabbitMQ
from devstack.servers.redis import Redis
from devstack.stack import Stack
from tests.support.ffmpeg_generations import generations
from tests.support.media import Media
from tests.support.openid_provider import OpenIDProvider
from tests.support.vhosts import VhostPool

SERVERS = "idle_servers"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="deselect every test that needs a real server")


def pytest_configure() -> None:
    """Disables Hypothesis's deadline: examples may be slow on a busy machine."""
    settings.register_profile("tonegate", deadline=None)
    settings.load_profile("tonegate")


def pytest_report_header() -> list[str]:
    """Names the generations of ffmpeg that the tests run with."""
    return [", ".join(f"{each} ({each.origin})" for each in generations())]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `--fast`, deselects each test that depends on the fixture `idle_servers`.

    A parameter that is the name of a fixture counts as a dependency on it: contract suites request the
    adapter under test by name.
    """
    if config.getoption("--fast"):
        slow = [item for item in items if _needs_servers(item)]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


def _needs_servers(item: pytest.Item) -> bool:
    fixtures = item.session._fixturemanager
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    pending = [*getattr(item, "fixturenames", ()), *(each for each in parameters if isinstance(each, str))]
    seen = set[str]()
    while pending:
        name = pending.pop()
        if name not in seen:
            seen.add(name)
            definitions = fixtures.getfixturedefs(name, item) or ()
            pending += [argument for each in definitions for argument in each.argnames]
    return SERVERS in seen


@pytest.fixture(autouse=True)
def unconfigured_logs() -> Iterator[None]:
    """Undoes `shared.logs.configure` after each test, which would take the log lines of later tests."""
    yield
    root = logging.getLogger()
    ours = [each for each in root.handlers if isinstance(each.formatter, structlog.stdlib.ProcessorFormatter)]
    if ours:
        structlog.reset_defaults()
        root.setLevel(logging.WARNING)
    for handler in ours:
        root.removeHandler(handler)


@pytest.fixture(scope="session")
def idle_servers(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The shared stack with no server running; servers started by the fixtures below end with the session."""
    if request.config.getoption("--fast"):
        pytest.fail("a test selected by --fast requests a server: name the server's fixture as a parameter")
    with tempfile.TemporaryDirectory(prefix="tonegate-", ignore_cleanup_errors=True) as path:
        # mkdtemp creates mode 0700; PostgreSQL runs as another user when the tests run as root.
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
    """Running and empty; a test may stop it."""
    if not idle_servers.redis.alive:
        idle_servers.redis.start()
    idle_servers.redis.clear()
    return idle_servers.redis


@pytest.fixture(scope="session")
def mail_sink(idle_servers: Stack) -> MailSink:
    """Shared by all tests: filter by recipient, `mail_sink.messages(to=…)`."""
    idle_servers.mail.start()
    return idle_servers.mail


@pytest.fixture(scope="session")
def openid_provider(idle_servers: Stack) -> Iterator[OpenIDProvider]:
    """Shared by all tests; each test logs in with its own account."""
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
    """Short videos made by ffmpeg, each made once in a session."""
    return Media(tmp_path_factory.mktemp("media"))
