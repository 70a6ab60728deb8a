"""The service with links to MongoDB and RabbitMQ that a test can cut."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from yarl import URL

from devstack.ports import free_port
from notification_service.settings import NotificationSettings
from shared.settings import Secret
from tests.faults.proxy import Link, Proxies

KEY = Secret("k" * 32)


@pytest.fixture
def proxies() -> Iterator[Proxies]:
    made = Proxies()
    yield made
    made.close()


@pytest.fixture
def link(mongo_url: str, proxies: Proxies) -> Link:
    """The way to MongoDB, which a test can cut."""
    return proxies.link("mongo", free_port(), URL(mongo_url).port or 0)


@pytest.fixture
def broker_link(amqp_url: str, proxies: Proxies) -> Link:
    """The service's way to RabbitMQ, which a test can cut."""
    return proxies.link("rabbitmq", free_port(), URL(amqp_url).port or 0)


@pytest.fixture
def settings(amqp_url: str, mongo_url: str, link: Link, broker_link: Link) -> NotificationSettings:
    """Limits of a second: the leases have expired when the store is back."""
    direct = URL(mongo_url).with_query({"directConnection": "true"})
    return NotificationSettings(
        amqp_url=Secret(str(URL(amqp_url).with_port(broker_link.port))),
        mongo_url=Secret(str(direct.with_port(link.port))),
        smtp_url=Secret(f"smtp://127.0.0.1:{free_port()}"),
        sender="Tonegate <no-reply@tonegate.example>",
        port=free_port(),
        metrics_port=free_port(),
        link_key=Secret("l" * 32),
        webhook_key=KEY,
        webhook_http=True,
        webhook_networks=("127.0.0.0/8",),
        webhook_timeout=timedelta(seconds=1),
        smtp_timeout=timedelta(seconds=1),
    )
