"""The Content-Type of JSON request bodies."""

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
    """Guard of routes with a JSON body. Raises UnsupportedMediaType for another Content-Type.

    A missing Content-Type is accepted (RFC 9110 §8.3 leaves it to the recipient), any other type is refused,
    `text/plain` and forms included. Requests without a body are not checked.
    """
    if not takes_json(handler) or is_empty(connection):
        return
    media_type = connection.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in {"", JSON}:
        raise UnsupportedMediaType(f"Send the body as {JSON}.")


def takes_json(handler: BaseRouteHandler) -> bool:
    """True if the route declares a JSON body."""
    body = handler.parsed_data_field if isinstance(handler, HTTPRouteHandler) else None
    how = body.kwarg_definition if body else None
    return isinstance(how, BodyKwarg) and how.media_type == RequestEncodingType.JSON


def is_empty(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """True if the request's headers announce no body (RFC 9112 §6.3)."""
    headers = connection.headers
    return "transfer-encoding" not in headers and headers.get("content-length", "0").strip() == "0"
