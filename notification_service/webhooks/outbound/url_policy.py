"""What a webhook's URL may look like. Pure; where its name leads is looked up elsewhere."""

import re

from yarl import URL

from notification_service.webhooks.outbound.address_policy import IPAddress, Reachable, address_in
from shared.errors import FieldError, InvalidRequest

# Below 1024 only the web's own: other services there (mail, shells, directories) must not be talked to.
WEB_PORTS = frozenset({80, 443})
FIRST_FREE_PORT = 1024
NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")
# Such a name is an address in an old spelling (127.1, 0x7f.1), which resolvers still read.
NUMERIC_END = re.compile(r"(.*\.)?([0-9]+|0[xX][0-9A-Fa-f]*)\.?")


class BadTarget(InvalidRequest):
    """The problem names the field."""

    def __init__(self, message: str) -> None:
        super().__init__("The webhook's address is not valid.", errors=[FieldError("url", message)])


class Targets:
    """`http` allows plain HTTP too."""

    def __init__(self, reachable: Reachable, *, http: bool = False) -> None:
        self.reachable = reachable
        self._schemes = {"https", "http"} if http else {"https"}

    def checked(self, url: str) -> URL:
        """As it will be called. Raises BadTarget."""
        try:
            target = URL(url)
            host, port = target.raw_host, target.port
        except ValueError:
            raise BadTarget("is not a URL") from None
        if target.scheme not in self._schemes:
            raise BadTarget(f"must begin with {' or '.join(sorted(self._schemes, reverse=True))}")
        if not host:
            raise BadTarget("has no host")
        if target.user is not None or target.password is not None:
            raise BadTarget("must hold no user name and no password")
        if target.raw_fragment or "#" in url:
            raise BadTarget("must have no fragment")
        if port is None or (port < FIRST_FREE_PORT and port not in WEB_PORTS):
            raise BadTarget("must have port 80, 443, or one from 1024 on")
        address = address_in(host)
        if address is None and (not NAME.fullmatch(host) or NUMERIC_END.fullmatch(host)):
            raise BadTarget("has a host that is neither a name nor an address")
        self.check(address)
        return target

    def check(self, *addresses: IPAddress | None) -> None:
        """Raises BadTarget when any of them may not be called."""
        if not all(address is None or self.reachable(address) for address in addresses):
            raise BadTarget("leads to an address that may not be called")
