"""Error responses as `application/problem+json` (RFC 9457), also for the framework's own errors."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import Send

from shared import errors
from shared.contracts.webauthn import RequestOptions
from shared.errors import ClientDisconnected, FieldError, InvalidRequest, ServiceError
from shared.http.validation_errors import field_errors
from shared.logs import correlation_id, get_logger

MEDIA_TYPE = "application/problem+json"

# Status of a Litestar error → error of the response; any other status becomes an internal error.
BY_STATUS: Mapping[int, type[ServiceError]] = {
    kind.status: kind
    for kind in (
        errors.InvalidRequest,
        errors.Unauthenticated,
        errors.Forbidden,
        errors.NotFound,
        errors.MethodNotAllowed,
        errors.TooLarge,
        errors.UnsupportedMediaType,
        errors.RateLimited,
        errors.Overloaded,
        errors.Unavailable,
    )
}

PHRASES: Mapping[int, str] = {errors.ChecksumMismatch.status: "Checksum Mismatch"}


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The body of every error response (RFC 9457 §3.1), with the extension members of this system. The last
    three are those of `second_factor_required`.
    """

    type: str = msgspec.field(default_factory=lambda: "about:blank")
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: tuple[FieldError, ...] = ()
    checks: Mapping[str, str] | None = None
    factor_token: str | None = None
    factors: tuple[str, ...] | None = None
    passkey_options: RequestOptions | None = None


def describe(error: ServiceError, *, checks: Mapping[str, str] | None = None) -> Problem:
    """The problem of an error. Its title is the status's phrase (RFC 9457 §4.2.1); `code` identifies it."""
    return Problem(
        title=phrase(error.status),
        status=error.status,
        detail=error.detail,
        code=error.code,
        request_id=correlation_id.get(),
        errors=error.errors,
        checks=checks,
        **error.members,
    )


def phrase(status: int) -> str:
    """The reason phrase of a status, also of the one that only tus defines."""
    return PHRASES.get(status) or HTTPStatus(status).phrase


def problem(error: ServiceError, *, checks: Mapping[str, str] | None = None) -> Response[Problem]:
    """The response for an error."""
    headers = {"Cache-Control": "no-store", **error.headers}
    body = describe(error, checks=checks)
    return Response(body, status_code=error.status, media_type=MEDIA_TYPE, headers=headers)


async def send_problem(error: ServiceError, send: Send, *, is_head: bool = False) -> None:
    """Sends the complete response (RFC 9457), to a HEAD request without its body (RFC 9110 §9.3.2)."""
    body = msgspec.json.encode(describe(error))
    fields = {"content-type": MEDIA_TYPE, "cache-control": "no-store", **error.headers}
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in fields.items()]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if is_head else body, "more_body": False})


def on_service_error(_: Request[Any, Any, Any], error: ServiceError) -> Response[Problem]:
    """Exception handler of ServiceError; logs errors of 500 and above."""
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        get_logger(__name__).warning(
            "error response", status=error.status, code=error.code, reason=error.detail
        )
    return problem(error)


def on_framework_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """Exception handler of Litestar's own errors."""
    kind = BY_STATUS.get(error.status_code)
    if kind is None:
        return on_unexpected_error(request, error)
    headers = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
    if kind is not InvalidRequest:
        return problem(kind(headers=headers))
    found = field_errors(error.extra)
    return problem(InvalidRequest("" if found else "The body could not be read.", errors=found))


def on_unexpected_error(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """500 without details for the client; the log gets the traceback."""
    get_logger(__name__).error("unexpected error", path=request.scope["path"], exc_info=error)
    return problem(ServiceError("Something went wrong on our side."))


def on_too_deep(request: Request[Any, Any, Any], _: RecursionError) -> Response[Problem]:
    """400 for JSON nested too deeply for the decoder."""
    get_logger(__name__).warning("request body nested too deeply", path=request.scope["path"])
    return problem(InvalidRequest("The body is nested too deeply."))


def on_bad_text(_: Request[Any, Any, Any], __: UnicodeDecodeError) -> Response[Problem]:
    """400 for JSON that is not UTF-8 (RFC 8259 §8.1)."""
    return problem(InvalidRequest("The body could not be read."))


def on_client_disconnected(_: Request[Any, Any, Any], error: ClientDisconnected) -> Response[Problem]:
    """Ends the request; the client no longer reads the response."""
    get_logger(__name__).info("client disconnected")
    return problem(error)
