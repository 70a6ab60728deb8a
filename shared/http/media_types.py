"""Which media types a JSON body may come with."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.enums import RequestEncodingType
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.params import BodyKwarg

from shared.errors import UnsupportedMediaType

JSON = "application/json"


def require_json_content_type(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """JSON must be called JSON, or nothing at all (RFC 9110 §8.3 leaves that to the recipient).

    Any other name is refused, `text/plain` and forms included: the sender believes it sent something else.
    Where there is no body its name says nothing.
    Raises UnsupportedMediaType.
    """
    if not takes_json(handler) or is_empty(connection):
        return
    said = connection.headers.get("content-type", "").partition(";")[0].strip().lower()
    if said not in {"", JSON}:
        raise UnsupportedMediaType(f"Send the body as {JSON}.")


def takes_json(handler: BaseRouteHandler) -> bool:
    body = handler.parsed_data_field if isinstance(handler, HTTPRouteHandler) else None
    how = body.kwarg_definition if body else None
    return isinstance(how, BodyKwarg) and how.media_type == RequestEncodingType.JSON


def is_empty(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """By its header (RFC 9112 §6.3)."""
    headers = connection.headers
    return "transfer-encoding" not in headers and headers.get("content-length", "0").strip() == "0"
