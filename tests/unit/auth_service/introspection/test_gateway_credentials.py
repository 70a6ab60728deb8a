"""Credentials of the gateway at auth_service, and their replacement."""

import pytest

from auth_service.errors import GatewayOnly
from auth_service.introspection.authentication import GatewayCredentials
from gateway.clients.auth import gateway_credentials
from shared.settings import Secret

OLD, NEW = "former secret of the gateway", "current secret of the gateway"


def test_the_secret_is_replaced_without_a_moment_in_which_a_gateway_is_refused() -> None:
    """First both are accepted, then the gateways send the new one, then the old one is removed."""
    both = GatewayCredentials(Secret(f"{OLD},{NEW}"))
    for sent in (OLD, NEW, f"{NEW},{OLD}"):
        both.check(gateway_credentials(Secret(sent)).reveal())
    GatewayCredentials(Secret(NEW)).check(gateway_credentials(Secret(f"{NEW},{OLD}")).reveal())


def test_a_secret_that_was_removed_is_refused() -> None:
    with pytest.raises(GatewayOnly):
        GatewayCredentials(Secret(NEW)).check(gateway_credentials(Secret(OLD)).reveal())
