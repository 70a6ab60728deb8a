"""JSON bodies as they were meant: a text is no number, a number is no time."""

import re
from typing import Any

import msgspec
from litestar import Request
from litestar.handlers import HTTPRouteHandler

from shared.errors import InvalidRequest
from shared.http.problems import BODY, field_errors

# How msgspec says where: "Expected `bool`, got `str` - at `$.disabled`".
WHERE = re.compile(r" - at `\$\.?(?P<field>.*)`$")


class StrictJSONRequest(Request[Any, Any, Any]):
    """Litestar reads bodies as it has to read queries, in which all is text: `"true"` and 1 pass for true,
    1900000000 for a time. JSON has types of its own (RFC 8259 §3), and the API's document names which are
    taken: what does not fit is refused rather than understood somehow (ASVS 5.0 §2.2.1).
    """

    async def json(self) -> Any:
        """Raises InvalidRequest."""
        said = await super().json()
        handler = self.route_handler
        body = handler.parsed_data_field if isinstance(handler, HTTPRouteHandler) else None
        if body is None:
            return said
        try:
            msgspec.convert(said, body.annotation)
        except msgspec.ValidationError as wrong:
            raise _refusal(str(wrong)) from None
        return said


def _refusal(message: str) -> InvalidRequest:
    found = WHERE.search(message)
    key = (found["field"] if found else "") or next(iter(BODY))
    return InvalidRequest(errors=field_errors([{"message": message, "key": key}]))
