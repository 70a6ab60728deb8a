"""Every 4xx and 5xx as `application/problem+json` (RFC 9457), the framework's own included."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from shared.errors import (
    ChecksumMismatch,
    ClientDisconnected,
    FieldError,
    Forbidden,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    Overloaded,
    RateLimited,
    ServiceError,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
)
from shared.logs import correlation_id, get_logger

MEDIA_TYPE = "application/problem+json"

# What Litestar raises by status → what we answer. A status that is not here is answered as an internal error.
OWN: Mapping[int, type[ServiceError]] = {
    kind.status: kind
    for kind in (
        InvalidRequest,
        Unauthenticated,
        Forbidden,
        NotFound,
        MethodNotAllowed,
        TooLarge,
        UnsupportedMediaType,
        RateLimited,
        Overloaded,
        Unavailable,
    )
}

PHRASES: Mapping[int, str] = {ChecksumMismatch.status: "Checksum Mismatch"}

# msgspec's sentences speak of Python's types; ours speak to a client, and go on after the field's name.
KINDS: Mapping[str, str] = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
    "datetime": "a time such as 2026-11-20T10:00:00Z",
}
OF_KIND = re.compile(r"Expected `(?P<kinds>\w+(?: \| \w+)*)`, got")
SENTENCES = (
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
    # How the framework says that a parameter or the whole body is missing.
    (re.compile(r"^'\w+'$"), "is required"),
)
# What a handler calls the body; its sender calls it something else.
BODY = {"data": "body"}


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The body of every error answer (RFC 9457 §3.1) with this system's extension members."""

    type: str = msgspec.field(default_factory=lambda: "about:blank")
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: tuple[FieldError, ...] = ()
    checks: Mapping[str, str] | None = None


def describe(error: ServiceError, *, checks: Mapping[str, str] | None = None) -> Problem:
    """`about:blank` takes the status's phrase as title (RFC 9457 §4.2.1); `code` tells problems apart."""
    return Problem(
        title=phrase(error.status),
        status=error.status,
        detail=error.detail,
        code=error.code,
        request_id=correlation_id.get(),
        errors=error.errors,
        checks=checks,
    )


def phrase(status: int) -> str:
    """Of a status that is not HTTP's own too: tus has one more."""
    return PHRASES.get(status) or HTTPStatus(status).phrase


def problem(error: ServiceError, *, checks: Mapping[str, str] | None = None) -> Response[Problem]:
    headers = {"Cache-Control": "no-store", **error.headers}
    body = describe(error, checks=checks)
    return Response(body, status_code=error.status, media_type=MEDIA_TYPE, headers=headers)


def on_service_error(_: Request[Any, Any, Any], error: ServiceError) -> Response[Problem]:
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        get_logger(__name__).warning(
            "answered with an error", status=error.status, code=error.code, reason=error.detail
        )
    return problem(error)


def on_framework_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    kind = OWN.get(error.status_code)
    if kind is None:
        return on_unexpected_error(request, error)
    headers = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
    if kind is not InvalidRequest:
        return problem(kind(headers=headers))
    errors = field_errors(error.extra)
    return problem(InvalidRequest("" if errors else "The body could not be read.", errors=errors))


def on_unexpected_error(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """The client learns nothing; the log gets the whole story."""
    get_logger(__name__).error("unexpected error", path=request.scope["path"], exc_info=error)
    return problem(ServiceError("Something went wrong on our side."))


def on_too_deep(request: Request[Any, Any, Any], _: RecursionError) -> Response[Problem]:
    """JSON nested thousands of levels deep ends the decoder, not the service."""
    get_logger(__name__).warning("refused a body nested too deeply", path=request.scope["path"])
    return problem(InvalidRequest("The body is nested too deeply."))


def on_bad_text(_: Request[Any, Any, Any], __: UnicodeDecodeError) -> Response[Problem]:
    """JSON is UTF-8 (RFC 8259 §8.1); the decoder has an error of its own for what is not."""
    return problem(InvalidRequest("The body could not be read."))


def on_client_disconnected(_: Request[Any, Any, Any], error: ClientDisconnected) -> Response[Problem]:
    """Nobody reads this answer; it only ends the request in an orderly way."""
    get_logger(__name__).info("client went away")
    return problem(error)


def field_errors(extra: object) -> tuple[FieldError, ...]:
    """Litestar's list of `{message, key}` → field errors in our own words."""
    if not isinstance(extra, list):
        return ()
    return tuple(_field_error(entry) for entry in extra if isinstance(entry, Mapping))


def _field_error(entry: Mapping[str, Any]) -> FieldError:
    message, key = str(entry.get("message", "")), str(entry.get("key", ""))
    where = BODY.get(key, key)
    if kinds := OF_KIND.search(message):
        return FieldError(where, f"must be {_spoken(kinds['kinds'].split(' | '))}")
    for pattern, sentence in SENTENCES:
        if found := pattern.search(message):
            groups = found.groupdict()
            inner = groups.get("field")
            outer = "" if key in BODY or inner is None else f"{key}."
            return FieldError(f"{outer}{inner or where}", sentence.format(**groups))
    return FieldError(where, "is not valid")


def _spoken(kinds: Sequence[str]) -> str:
    return " or ".join(KINDS.get(kind, "of another kind") for kind in kinds)
