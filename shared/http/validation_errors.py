"""Field errors of invalid requests, in messages for clients."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from shared.errors import FieldError

# Messages for clients continue the field's name; msgspec's own name Python types.
TYPE_NAMES: Mapping[str, str] = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
    "datetime": "a time such as 2026-11-20T10:00:00Z",
}
EXPECTED_TYPES = re.compile(r"Expected `(?P<types>\w+(?: \| \w+)*)`, got")
MESSAGES = (
    (re.compile(r"missing required field `(?P<field>[^`]+)`"), "is required"),
    (re.compile(r"contains unknown field `(?P<field>[^`]+)`"), "is not known"),
    (re.compile(r"`array` of length >= 1\b"), "must have at least 1 entry"),
    (re.compile(r"`array` of length >= (?P<bound>\d+)"), "must have at least {bound} entries"),
    (re.compile(r"`array` of length <= (?P<bound>\d+)"), "must have at most {bound} entries"),
    (re.compile(r"of length >= 1\b"), "must have at least 1 character"),
    (re.compile(r"of length >= (?P<bound>\d+)"), "must have at least {bound} characters"),
    (re.compile(r"of length <= (?P<bound>\d+)"), "must have at most {bound} characters"),
    (re.compile(r">= (?P<bound>-?[\d.]+)"), "must be at least {bound}"),
    (re.compile(r"<= (?P<bound>-?[\d.]+)"), "must be at most {bound}"),
    (re.compile(r"^Invalid RFC3339"), "must be a time such as 2026-11-20T10:00:00Z"),
    (re.compile(r"^Invalid enum value"), "is none of the values on offer"),
    # Litestar's message for a missing parameter or body.
    (re.compile(r"^'\w+'$"), "is required"),
)
# Name of the body in handlers → its name in error messages.
BODY = {"data": "body"}


def field_errors(extra: object) -> tuple[FieldError, ...]:
    """Converts Litestar's list of `{message, key}` to field errors."""
    if not isinstance(extra, list):
        return ()
    return tuple(_field_error(entry) for entry in extra if isinstance(entry, Mapping))


def _field_error(entry: Mapping[str, Any]) -> FieldError:
    message, key = str(entry.get("message", "")), str(entry.get("key", ""))
    where = BODY.get(key, key)
    if types := EXPECTED_TYPES.search(message):
        return FieldError(where, f"must be {_type_names(types['types'].split(' | '))}")
    for pattern, text in MESSAGES:
        if found := pattern.search(message):
            groups = found.groupdict()
            inner = groups.get("field")
            outer = "" if key in BODY or inner is None else f"{key}."
            return FieldError(f"{outer}{inner or where}", text.format(**groups))
    return FieldError(where, "is not valid")


def _type_names(types: Sequence[str]) -> str:
    return " or ".join(TYPE_NAMES.get(each, "of another kind") for each in types)
