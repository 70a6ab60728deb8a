"""Strict JSON request bodies: a string is not accepted as a number, nor a number as a time."""

import re
from typing import Any

import msgspec
from litestar import Request
from litestar.handlers import HTTPRouteHandler

from shared.errors import InvalidRequest
from shared.http.validation_errors import BODY, field_errors

# The field in a message of msgspec: "Expected `bool`, got `str` - at `$.disabled`".
FIELD = re.compile(r" - at `\$\.?(?P<field>.*)`$")


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
