"""Error codes of webhook attempts, as the log of deliveries shows them to owners."""

import ssl
from collections.abc import Callable

import aiohttp

from notification_service.webhooks.outbound.resolver import AddressNotAllowed

# The first match applies. A code reveals nothing that the owner could not find out.
CODES: tuple[tuple[Callable[[BaseException], bool], str], ...] = (
    (lambda error: _is_caused_by(error, AddressNotAllowed), "address_not_allowed"),
    (lambda error: isinstance(error, TimeoutError), "timed_out"),
    (lambda error: isinstance(error, aiohttp.ClientConnectorDNSError), "host_not_found"),
    (lambda error: isinstance(error, aiohttp.ClientSSLError), "tls_failed"),
    (lambda error: _is_caused_by(error, ssl.SSLError), "tls_failed"),
    (lambda error: isinstance(error, aiohttp.ClientConnectorError), "not_connected"),
    (lambda error: isinstance(error, aiohttp.ClientResponseError), "bad_answer"),
    (lambda error: isinstance(error, ValueError), "bad_answer"),
)


def classify_error(error: BaseException) -> str:
    """Returns the code of an exception of the HTTP client."""
    return next((code for matches, code in CODES if matches(error)), "connection_broken")


def classify_status(status: int) -> str | None:
    """Returns the code of a response status; None for 2xx."""
    if 200 <= status < 300:
        return None
    return "redirected" if 300 <= status < 400 else "refused"


def _is_caused_by(error: BaseException | None, kind: type[BaseException]) -> bool:
    """Searches the causes of an exception, aiohttp's `os_error` and the members of exception groups."""
    if error is None or isinstance(error, kind):
        return error is not None
    if isinstance(error, BaseExceptionGroup):
        return any(_is_caused_by(each, kind) for each in error.exceptions)
    return _is_caused_by(error.__cause__, kind) or _is_caused_by(getattr(error, "os_error", None), kind)
