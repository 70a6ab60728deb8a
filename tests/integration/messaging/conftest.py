"""A RabbitMQ node for tests that kill, freeze or block it."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from devstack.home import Home
from devstack.ports import Ports
from devstack.servers.rabbitmq import RabbitMQ as Node
from tests.support.vhosts import VhostPool


@pytest.fixture(scope="package")
def fragile_node() -> Iterator[Node]:
    with tempfile.TemporaryDirectory(prefix="tonegate-mq-", ignore_cleanup_errors=True) as path:
        node = Node(Home.at(Path(path)), Ports(Path(path) / "ports.json"))
        node.start()
        yield node
        node.stop()


@pytest.fixture(scope="package")
def fragile_vhosts(fragile_node: Node) -> VhostPool:
    return VhostPool(fragile_node)


@pytest.fixture
async def node(fragile_node: Node) -> AsyncIterator[Node]:
    """The node, restored after each test."""
    yield fragile_node
    if fragile_node.alive:
        fragile_node.resume()
    else:
        await asyncio.to_thread(fragile_node.start)


@pytest.fixture
def url(fragile_vhosts: VhostPool, node: Node) -> str:
    return fragile_vhosts.take()
