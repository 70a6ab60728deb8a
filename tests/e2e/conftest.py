"""The whole system for end-to-end tests, started once; tests that break a part restart it."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from playwright.async_api import Page

from devstack.servers.mail import MailSink
from devstack.servers.mongo import Mongo
from devstack.servers.postgres import Postgres
from devstack.stack import Stack
from tests.support.client import Person, from_address, signed_in, visiting
from tests.support.mailbox import Mailbox
from tests.support.page import chromium, load_axe, visitor
from tests.support.system import SETTINGS, System
from tests.support.vhosts import VhostPool

SMALL_UPLOAD_BYTES = 1_000_000
# Settings of other systems under test that would open what attacks try.
DEFAULTS = frozenset(
    {
        "GATEWAY_RATE_LIMIT_LOGIN",
        "GATEWAY_RATE_LIMIT_REGISTER",
        "GATEWAY_RATE_LIMIT_UPLOAD",
        "GATEWAY_RATE_LIMIT_WEBHOOK_TEST",
        "NOTIFICATION_PER_DAY",
        "NOTIFICATION_UNVERIFIED_PER_DAY",
        "NOTIFICATION_UNVERIFIED_TOTAL",
        "NOTIFICATION_WEBHOOK_ALLOWED_NETWORKS",
        "NOTIFICATION_WEBHOOK_HTTP",
        "NOTIFICATION_WEBHOOK_TESTS_PER_HOST",
    }
)


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with Stack(tmp_path_factory.mktemp("system"), SETTINGS) as stack:
        stack.start()
        # Flushes: a node killed shortly after declaring queues forgets them (rabbitmq-server#15725).
        stack.rabbitmq.control("eval", "ok = dets:sync(ra_directory_reverse).")
        yield System(stack, Mailbox(stack.mail.directory), stack.mongo.url(), stack.rabbitmq.url())


@pytest.fixture(scope="session")
def small_system(
    tmp_path_factory: pytest.TempPathFactory,
    postgres: Postgres,
    mongo: Mongo,
    vhosts: VhostPool,
    mail_sink: MailSink,
) -> Iterator[System]:
    """A system with small limits for uploads and accounts, otherwise the defaults, and a separate database.
    Its clients may be behind a proxy.
    """
    mongo_url, amqp_url = mongo.new_database(), vhosts.take()
    given = {
        **{name: value for name, value in SETTINGS.items() if name not in DEFAULTS},
        "AUTH_DATABASE_URL": postgres.new_database(),
        "CONVERTER_MONGO_URL": mongo_url,
        "AMQP_URL": amqp_url,
        "NOTIFICATION_SMTP_URL": mail_sink.url,
        "CONVERTER_MAX_UPLOAD_BYTES": str(SMALL_UPLOAD_BYTES),
        "CONVERTER_QUOTA_BYTES": "20000000",
        "CONVERTER_QUOTA_PROCESSOR_SECONDS": "100",
        "GATEWAY_TRUSTED_PROXIES": "127.0.0.0/8",
    }
    with Stack(tmp_path_factory.mktemp("small"), given) as stack:
        stack.start()
        yield System(stack, Mailbox(mail_sink.directory), mongo_url, amqp_url)


@pytest.fixture
def mailbox(system: System) -> Mailbox:
    return system.mailbox


@pytest.fixture
async def http(system: System) -> AsyncIterator[httpx.AsyncClient]:
    async with visiting(system.url) as client:
        yield client


@pytest.fixture
async def page(system: System) -> AsyncIterator[Page]:
    """A visitor's first tab, with axe-core for `check_accessibility`."""
    async with chromium() as browser, visitor(browser, system.url) as context:
        page = await context.new_page()
        await load_axe(page)
        yield page


@pytest.fixture
async def person(http: httpx.AsyncClient) -> Person:
    """An account that is registered and signed in."""
    return await signed_in(http)


@pytest.fixture
async def small_person(small_system: System) -> AsyncIterator[Person]:
    async with visiting(small_system.url) as client:
        client.headers.update(from_address())
        yield await signed_in(client)
