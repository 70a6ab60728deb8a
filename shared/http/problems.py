"""Every 4xx and 5xx as `application/problem+json` (RFC 9457), the framework's own included."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from shared.errors import (
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
from shared.http.bodies import ClientGone
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

# msgspec's sentences speak of Python's types; ours speak to a client.
SENTENCES = (
    (re.compile(r"missing required field `(?P<field>[^`]+)`"), "is required"),
    (re.compile(r"contains unknown field `(?P<field>[^`]+)`"), "is not known"),
    (re.compile(r"Expected `(?P<kind>\w+)`(?: \| null)?, got"), "must be of type {kind}"),
    (re.compile(r"of length >= (?P<kind>\d+)"), "must have at least {kind} characters"),
    (re.compile(r"of length <= (?P<kind>\d+)"), "must have at most {kind} characters"),
    (re.compile(r">= (?P<kind>-?[\d.]+)"), "must be at least {kind}"),
    (re.compile(r"<= (?P<kind>-?[\d.]+)"), "must be at most {kind}"),
)
PATH = re.compile(r"at `\$\.?(?P<path>[^`]+)`")


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
        title=HTTPStatus(error.status).phrase,
        status=error.status,
        detail=error.detail,
        code=error.code,
        request_id=correlation_id.get(),
        errors=error.errors,
        checks=checks,
    )


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


def on_client_gone(_: Request[Any, Any, Any], error: ClientGone) -> Response[Problem]:
    """Nobody reads this answer; it only ends the request in an orderly way."""
    get_logger(__name__).info("client went away")
    return problem(error)


def field_errors(extra: object) -> tuple[FieldError, ...]:
    """Litestar's list of `{message, key}` → field errors in our own words."""
    if not isinstance(extra, list):
        return ()
    return tuple(_field_error(entry) for entry in extra if isinstance(entry, Mapping))


def _field_error(entry: Mapping[str, Any]) -> FieldError:
    message = str(entry.get("message", ""))
    where = PATH.search(message)
    field = where["path"] if where else str(entry.get("key", ""))
    for pattern, sentence in SENTENCES:
        if found := pattern.search(message):
            groups = found.groupdict()
            return FieldError(groups.get("field") or field, sentence.format(**groups))
    return FieldError(field, "is not valid")
