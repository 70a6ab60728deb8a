"""Header filter: the fields that are relayed, which exclude those of a single connection."""

import re
from collections.abc import Iterable, Mapping

from multidict import CIMultiDict

from shared.errors import InvalidRequest

REQUEST_FIELDS = frozenset(
    {
        "accept",
        "accept-language",
        "content-digest",
        "content-length",
        "content-type",
        "idempotency-key",
        "last-event-id",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "range",
        "traceparent",
        "tus-resumable",
        "upload-checksum",
        "upload-concat",
        "upload-defer-length",
        "upload-length",
        "upload-metadata",
        "upload-offset",
    }
)
RESPONSE_FIELDS = frozenset(
    {
        "accept-ranges",
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-length",
        "content-range",
        "content-type",
        "etag",
        "expires",
        "last-modified",
        "link",
        "location",
        "retry-after",
        "tonegate-conversion-id",
        "tus-checksum-algorithm",
        "tus-extension",
        "tus-max-size",
        "tus-version",
        "upload-concat",
        "upload-defer-length",
        "upload-expires",
        "upload-length",
        "upload-metadata",
        "upload-offset",
        "vary",
        "www-authenticate",
        "x-accel-buffering",
        "x-content-type-options",
    }
)

# RFC 9110 §5.5: visible ASCII, spaces and tabs. Other octets have no defined encoding.
VALUE = re.compile(r"[\x20-\x7e\t]*")
# The API's path, after that of the public URL: never `//`, which would name another host.
LOCAL_LOCATION = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)*/v1(?:/[A-Za-z0-9_-]+)+/?")


def towards_service(headers: Iterable[tuple[bytes, bytes]]) -> CIMultiDict[str]:
    """The client's fields that are relayed to a service. Raises InvalidRequest for a value outside ASCII."""
    fields = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers]
    allowed = REQUEST_FIELDS - connection_options(fields)
    passed: CIMultiDict[str] = CIMultiDict()
    for name, value in fields:
        if name not in allowed:
            continue
        if VALUE.fullmatch(value) is None:
            raise InvalidRequest(f"The header field {name} has characters that are not allowed.")
        passed.add(name, value)
    return passed


def towards_client(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """The service's fields that are relayed to a client, without Content-Length when the body is chunked
    (RFC 9112 §6.2), and without a Location outside this API.
    """
    fields = [(name.lower(), value) for name, value in headers.items()]
    allowed = RESPONSE_FIELDS - connection_options(fields)
    if any(name == "transfer-encoding" for name, _ in fields):
        allowed -= {"content-length"}
    return [
        (name, value)
        for name, value in fields
        if name in allowed
        and VALUE.fullmatch(value)
        and (name != "location" or LOCAL_LOCATION.fullmatch(value))
    ]


def connection_options(fields: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The fields that the message's Connection header declares to be hop-by-hop (RFC 9110 §7.6.1)."""
    return frozenset(
        option.strip().lower()
        for name, value in fields
        if name == "connection"
        for option in value.split(",")
    )
