"""Reads header fields of tus requests; errors name the field."""

import re
from collections.abc import Mapping

from shared.errors import FieldError, InvalidRequest

WHOLE = re.compile(r"[0-9]{1,18}", re.ASCII)


def read_whole(headers: Mapping[str, str], name: str) -> int:
    """The header field `name` as a number. Raises InvalidRequest."""
    text = headers.get(name.lower())
    if text is None:
        raise invalid_field(name, "is required")
    if not WHOLE.fullmatch(text):
        raise invalid_field(name, "must be a whole number, 0 or larger")
    return int(text)


def invalid_field(field: str, message: str) -> InvalidRequest:
    return InvalidRequest(f"{field} {message}.", errors=[FieldError(field, message)])
