"""Limit of the messages that owners cause by hand, so that webhooks are no tool to flood a third party."""

import secrets
from datetime import timedelta

from yarl import URL

from notification_service.admissions import Admissions, Bound
from notification_service.webhooks.outbound.address_policy import parse_address
from shared.errors import RateLimited

PERIOD = timedelta(minutes=1)


class TooManyTests(RateLimited):
    """The receiving host has had its messages for now, whichever accounts caused them."""

    def __init__(self) -> None:
        super().__init__(
            "This host has received enough test messages and replays; try again in a minute.",
            retry_after_s=int(PERIOD.total_seconds()),
        )


class TestLimit:
    """`per_host` messages a minute to one host, for all accounts together."""

    __test__ = False  # not a test class of pytest

    def __init__(self, admissions: Admissions, per_host: int) -> None:
        self._admissions, self._bounds = admissions, (Bound(per_host, PERIOD),)

    async def count(self, url: str) -> None:
        """Raises TooManyTests, Unavailable."""
        if not await self._admissions.admit(_receiver(url), secrets.token_hex(16), self._bounds):
            raise TooManyTests


def _receiver(url: str) -> str:
    """The host, the same for all its spellings: a name without its last dot, an address without its zone."""
    host = URL(url).raw_host or ""
    address = parse_address(host)
    return host.rstrip(".") if address is None else str(address)
