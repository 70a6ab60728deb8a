"""Error codes of webhook attempts, as the log of deliveries shows them to owners."""

import ssl
from collections.abc import Mapping
from types import MappingProxyType

import aiohttp

from notification_service.webhooks.outbound.address_admission import AddressBusy
from notification_service.webhooks.outbound.ports import RATE_LIMITED
from notification_service.webhooks.outbound.resolver import AddressNotAllowed

CAUSES: Mapping[type[BaseException], str] = MappingProxyType(
    {AddressNotAllowed: "address_not_allowed", AddressBusy: RATE_LIMITED}
)


def classify_error(error: BaseException) -> str:
    """Returns the error code of an attempt, as the log of deliveries shows it to owners.

    A code reveals nothing that the owner could not find out.
    """
    for cause, code in CAUSES.items():
        if _is_caused_by(error, cause):
            return code
    if isinstance(error, TimeoutError):
        return "timed_out"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "host_not_found"
    if isinstance(error, aiohttp.ClientSSLError) or _is_caused_by(error, ssl.SSLError):
        return "tls_failed"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "not_connected"
    is_malformed = isinstance(error, aiohttp.ClientResponseError | ValueError)
    return "bad_answer" if is_malformed else "connection_broken"


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
