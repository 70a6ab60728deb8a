"""Policy of webhook URLs: scheme, host, port and literal address. Names are resolved elsewhere."""

import re

from yarl import URL

from notification_service.webhooks.outbound.address_policy import AddressPolicy, parse_address
from shared.errors import FieldError, InvalidRequest

# Below 1024 only the ports of HTTP: other services there (mail, SSH, LDAP) must not receive requests.
WEB_PORTS = frozenset({80, 443})
FIRST_UNPRIVILEGED_PORT = 1024
NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")
# Names that are never public: RFC 6761 §6.3, RFC 6762 §3, RFC 8375, and ICANN's reserved "internal".
LOCAL_NAMES = re.compile(r"[^.]+|(.*\.)?(localhost|local|internal|home\.arpa)", re.IGNORECASE)
FORBIDDEN_ADDRESS = "leads to an address that may not be called"
# Resolvers read such a name as an IPv4 address in a legacy format (127.1, 0x7f.1).
NUMERIC_END = re.compile(r"(.*\.)?([0-9]+|0[xX][0-9A-Fa-f]*)\.?")


class InvalidWebhookUrl(InvalidRequest):
    """The URL of a webhook is not allowed; the problem names the field `url`."""

    def __init__(self, message: str) -> None:
        super().__init__("The webhook's address is not valid.", errors=[FieldError("url", message)])


class UrlPolicy:
    """Checks webhook URLs. `http` allows plain HTTP as well as HTTPS."""

    def __init__(self, addresses: AddressPolicy, *, http: bool = False) -> None:
        self._addresses = addresses
        self._schemes = {"https", "http"} if http else {"https"}

    def parse(self, url: str) -> URL:
        """Returns the parsed URL. Raises InvalidWebhookUrl."""
        try:
            target = URL(url)
            host, port = target.raw_host, target.port
        except ValueError:
            raise InvalidWebhookUrl("is not a URL") from None
        if target.scheme not in self._schemes:
            raise InvalidWebhookUrl(f"must begin with {' or '.join(sorted(self._schemes, reverse=True))}")
        if not host:
            raise InvalidWebhookUrl("has no host")
        if target.user is not None or target.password is not None:
            raise InvalidWebhookUrl("must hold no user name and no password")
        if target.raw_fragment or "#" in url:
            raise InvalidWebhookUrl("must have no fragment")
        if port is None or (port < FIRST_UNPRIVILEGED_PORT and port not in WEB_PORTS):
            raise InvalidWebhookUrl("must have port 80, 443, or one from 1024 on")
        self._check_host(host)
        return target

    def _check_host(self, host: str) -> None:
        address = parse_address(host)
        if address is not None:
            if not self._addresses.allows(address):
                raise InvalidWebhookUrl(FORBIDDEN_ADDRESS)
        elif not NAME.fullmatch(host) or NUMERIC_END.fullmatch(host):
            raise InvalidWebhookUrl("has a host that is neither a name nor an address")
        elif LOCAL_NAMES.fullmatch(host.rstrip(".")) and self._addresses.is_public_only:
            # As a private address is, whether or not the name exists: the answers must not reveal the names.
            raise InvalidWebhookUrl(FORBIDDEN_ADDRESS)
