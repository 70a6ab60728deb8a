"""Limit of the messages that owners cause by hand, so that webhooks are no tool to flood a third party.

Calls are refused by the receiver's host name; messages wait by its address, known when they are sent.
"""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_network

from yarl import URL

from notification_service.admissions import Admissions, Bound
from notification_service.webhooks.outbound.address_admission import AddressBusy
from notification_service.webhooks.outbound.address_policy import IPAddress, parse_address
from shared.errors import RateLimited

PERIOD = timedelta(minutes=1)
# One receiver may have all IPv6 addresses of such a network.
IPV6_PREFIX = 64


class TooManyTests(RateLimited):
    """The receiving host has had its messages for now, whichever accounts caused them."""

    def __init__(self) -> None:
        super().__init__(
            "This host has received enough test messages and replays; try again in a minute.",
            retry_after_s=int(PERIOD.total_seconds()),
        )


class TestLimit:
    """`per_host` messages a minute to one host, and as many to one address, for all accounts together."""

    __test__ = False  # not a test class of pytest

    def __init__(self, admissions: Admissions, per_host: int) -> None:
        self._admissions, self._bounds = admissions, (Bound(per_host, PERIOD),)

    async def count(self, url: str) -> None:
        """Raises TooManyTests, Unavailable."""
        if not await self._admissions.admit(_receiver(url), secrets.token_hex(16), self._bounds):
            raise TooManyTests

    async def admit(self, addresses: Sequence[IPAddress]) -> None:
        """Counts a message that is about to be sent to one of these. Raises AddressBusy, Unavailable."""
        message = secrets.token_hex(16)
        for network in {_network(each) for each in addresses}:
            if not await self._admissions.admit(f"address {network}", message, self._bounds):
                raise AddressBusy(network)


def _receiver(url: str) -> str:
    """The host, the same for all its spellings: a name without its last dot, an address without its zone."""
    host = URL(url).raw_host or ""
    address = parse_address(host)
    return host.rstrip(".") if address is None else str(address)


def _network(address: IPAddress) -> str:
    prefix = IPV6_PREFIX if address.version == 6 else 32
    return str(ip_network(f"{address}/{prefix}", strict=False))
