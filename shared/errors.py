"""Errors of the HTTP API: status, code and title."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """An error in one field of a request."""

    field: str
    message: str


class ServiceError(Exception):
    """Base of all errors that become responses.

    `detail` is a sentence for the client, by default `title`; it contains no secrets, internal names or
    messages of libraries. `retry_after_s` becomes the Retry-After header (RFC 9110 §10.2.3). `members` are
    further members of the problem, by name.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Something went wrong on our side."
    default_retry_after_s: ClassVar[int | None] = None

    def __init__(
        self,
        detail: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[FieldError] = (),
        retry_after_s: int | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = tuple(errors)
        self.retry_after_s = self.default_retry_after_s if retry_after_s is None else retry_after_s
        self.headers = dict(headers or {})
        self.members = dict(members or {})
        if self.retry_after_s is not None:
            self.headers.setdefault("Retry-After", str(self.retry_after_s))


class InvalidRequest(ServiceError):
    status, code, title = 400, "invalid_request", "The request is not valid."


class ClientDisconnected(InvalidRequest):
    """The client closed its connection before its request body was complete (RFC 9112 §8)."""


class Unauthenticated(ServiceError):
    """A required token is missing or invalid; the response names the scheme (RFC 6750 §3)."""

    status, code, title = 401, "unauthenticated", "An access token is needed."
    challenge: ClassVar[str] = "Bearer"

    def __init__(self, detail: str = "", *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": self.challenge, **(headers or {})})


class InvalidToken(Unauthenticated):
    """The token is malformed, expired, revoked or not issued by auth_service (RFC 6750 §3.1).

    The response does not tell these apart.
    """

    title, challenge = "The access token is not valid.", 'Bearer error="invalid_token"'


class Forbidden(ServiceError):
    status, code, title = 403, "forbidden", "This is not allowed."


class InsufficientScope(Forbidden):
    """The token is valid, but its scope does not cover the request (RFC 6750 §3.1)."""

    title = "The token's scope does not allow this."

    def __init__(self, scope: str = "") -> None:
        """`scope` is the one that the request requires."""
        needed = f', scope="{scope}"' if scope else ""
        super().__init__(
            f"This needs the scope {scope}." if scope else "",
            headers={"WWW-Authenticate": f'Bearer error="insufficient_scope"{needed}'},
        )


class NotFound(ServiceError):
    """The resource does not exist, or belongs to another user."""

    status, code, title = 404, "not_found", "The resource does not exist."


class MethodNotAllowed(ServiceError):
    status, code, title = 405, "method_not_allowed", "This method is not supported here."


class RequestTimeout(ServiceError):
    """The client stopped sending within its request (RFC 9110 §15.5.9).

    Closes the connection, so that the rest of the body is not taken for another request.
    """

    status, code, title = 408, "request_timeout", "The request took too long to arrive."

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail, headers={"Connection": "close"})


class Conflict(ServiceError):
    status, code, title = 409, "conflict", "The request conflicts with the current state."


class Gone(ServiceError):
    status, code, title = 410, "gone", "The resource no longer exists."


class PreconditionFailed(ServiceError):
    """A precondition failed; also a version of tus other than 1.0.0."""

    status, code, title = 412, "invalid_request", "A condition of the request is not met."


class TooLarge(ServiceError):
    status, code, title = 413, "too_large", "The request is too large."


class UnsupportedMediaType(ServiceError):
    status, code, title = 415, "unsupported_media_type", "This media type is not accepted here."


class RangeNotSatisfiable(ServiceError):
    status, code, title = 416, "range_not_satisfiable", "The range cannot be satisfied."


class IdempotencyMismatch(ServiceError):
    """An Idempotency-Key was reused (draft-ietf-httpapi-idempotency-key-header-07 §2.7)."""

    status, code, title = 422, "idempotency_mismatch", "The Idempotency-Key was used for another request."

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request.")


class Locked(ServiceError):
    """Another request holds the lock of the resource (RFC 4918 §11.3)."""

    status, code, title = 423, "conflict", "Another request is changing the resource."


class ChecksumMismatch(ServiceError):
    """The checksum does not match; a status of tus 1.0.0 (checksum extension), not of HTTP."""

    status, code, title = 460, "invalid_request", "The checksum does not match."


class RateLimited(ServiceError):
    status, code, title = 429, "rate_limited", "Too many requests; try again later."
    default_retry_after_s = 1


class Overloaded(ServiceError):
    status, code, title = 503, "overloaded", "The service is overloaded; try again soon."
    default_retry_after_s = 1


class Unavailable(ServiceError):
    status, code, title = 503, "unavailable", "The service is not available; try again soon."
    default_retry_after_s = 2
