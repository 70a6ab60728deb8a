"""Fixture of the brokers under test."""

import pytest

from tests.contract.messaging.broker_rigs import MemoryRig, RabbitRig, Rig


@pytest.fixture(params=["memory", "rabbitmq"])
def rig(request: pytest.FixtureRequest) -> Rig:
    if request.param == "memory":
        return MemoryRig()
    url: str = request.getfixturevalue("amqp_url")
    return RabbitRig(url)
