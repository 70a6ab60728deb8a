"""JSON request bodies: their Content-Type, and strict types (a string is not accepted as a number)."""

import re
from typing import Any

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.enums import RequestEncodingType
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.params import BodyKwarg

from shared.errors import InvalidRequest, UnsupportedMediaType
from shared.http.validation_errors import BODY, field_errors

# The field in a message of msgspec: "Expected `bool`, got `str` - at `$.disabled`".
FIELD = re.compile(r" - at `\$\.?(?P<field>.*)`$")
JSON = "application/json"


class StrictJSONRequest(Request[Any, Any, Any]):
    """Validates the body strictly before Litestar converts it.

    Litestar converts bodies as leniently as query parameters: `"true"` and 1 pass for true, 1900000000 for a
    time. JSON has types (RFC 8259 §3), and the API's documentation states which are accepted
    (ASVS 5.0 §2.2.1).
    """

    async def json(self) -> Any:
        """Raises InvalidRequest."""
        content = await super().json()
        handler = self.route_handler
        body = handler.parsed_data_field if isinstance(handler, HTTPRouteHandler) else None
        if body is None:
            return content
        try:
            msgspec.convert(content, body.annotation)
        except msgspec.ValidationError as error:
            raise _invalid(str(error)) from None
        return content


def _invalid(message: str) -> InvalidRequest:
    found = FIELD.search(message)
    key = (found["field"] if found else "") or next(iter(BODY))
    return InvalidRequest(errors=field_errors([{"message": message, "key": key}]))


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
