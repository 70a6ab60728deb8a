"""Errors that a client may see: each carries its status, its code and whether trying again helps."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """One thing wrong with one field of a request."""

    field: str
    message: str


class ServiceError(Exception):
    """Base of every answer that is not a success.

    `detail` is shown to the client: a sentence, `title` when there is nothing better to say. No secret, no
    internal name, no library's message belongs in it.
    `retry_after_s` becomes the Retry-After header (RFC 9110 §10.2.3).
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Something went wrong on our side."
    retryable: ClassVar[bool] = False
    default_retry_after_s: ClassVar[int | None] = None

    def __init__(
        self,
        detail: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[FieldError] = (),
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = tuple(errors)
        self.retry_after_s = self.default_retry_after_s if retry_after_s is None else retry_after_s
        self.headers = dict(headers or {})
        if self.retry_after_s is not None:
            self.headers.setdefault("Retry-After", str(self.retry_after_s))


class InvalidRequest(ServiceError):
    status, code, title = 400, "invalid_request", "The request is not valid."


class ClientDisconnected(InvalidRequest):
    """The client closed its connection before its request body was complete (RFC 9112 §8)."""


class Unauthenticated(ServiceError):
    """RFC 6750 §3: a missing or unusable token is answered with the scheme to use."""

    status, code, title = 401, "unauthenticated", "An access token is needed."

    def __init__(self, detail: str = "", *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer", **(headers or {})})


class InvalidToken(Unauthenticated):
    """RFC 6750 §3.1: the token is malformed, expired, revoked or not issued by auth_service.

    The answer does not tell these apart.
    """

    title = "The access token is not valid."

    def __init__(self, detail: str = "", *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(
            detail, headers={"WWW-Authenticate": 'Bearer error="invalid_token"', **(headers or {})}
        )


class Forbidden(ServiceError):
    status, code, title = 403, "forbidden", "This is not allowed."


class InsufficientScope(Forbidden):
    """RFC 6750 §3.1: the token is valid, but its scope does not cover the request."""

    title = "The token's scope does not allow this."

    def __init__(self, scope: str = "") -> None:
        """`scope` is the one that the request needs."""
        needed = f', scope="{scope}"' if scope else ""
        super().__init__(
            f"This needs the scope {scope}." if scope else "",
            headers={"WWW-Authenticate": f'Bearer error="insufficient_scope"{needed}'},
        )


class NotFound(ServiceError):
    """Also the answer for what belongs to someone else: its existence is not told."""

    status, code, title = 404, "not_found", "There is nothing here."


class MethodNotAllowed(ServiceError):
    status, code, title = 405, "method_not_allowed", "This method is not offered here."


class RequestTimeout(ServiceError):
    """RFC 9110 §15.5.9: the client stopped sending in the middle of its request.

    What may still come of it must not be taken for another one, so the connection ends with the answer.
    """

    status, code, title = 408, "request_timeout", "The request took too long to arrive."

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail, headers={"Connection": "close"})


class Conflict(ServiceError):
    status, code, title = 409, "conflict", "This is not possible right now."


class Gone(ServiceError):
    status, code, title = 410, "gone", "This is gone."


class PreconditionFailed(ServiceError):
    """Also tus 1.0.0: another version of the protocol."""

    status, code, title = 412, "invalid_request", "A condition of the request is not met."


class TooLarge(ServiceError):
    status, code, title = 413, "too_large", "The request is too large."


class UnsupportedMediaType(ServiceError):
    status, code, title = 415, "unsupported_media_type", "This media type is not accepted here."


class RangeNotSatisfiable(ServiceError):
    status, code, title = 416, "range_not_satisfiable", "There is no such range."


class IdempotencyMismatch(ServiceError):
    """draft-ietf-httpapi-idempotency-key-header-07 §2.7: a key is for one request."""

    status, code, title = 422, "idempotency_mismatch", "The Idempotency-Key was used for another request."

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request.")


class Locked(ServiceError):
    """RFC 4918 §11.3: somebody else is at it."""

    status, code, title, retryable = 423, "conflict", "Somebody else is changing this right now.", True


class ChecksumMismatch(ServiceError):
    """tus 1.0.0, checksum: a status of that protocol alone."""

    status, code, title = 460, "invalid_request", "The bytes are not those that were announced."


class RateLimited(ServiceError):
    status, code, title, retryable = 429, "rate_limited", "Too many requests; try again later.", True
    default_retry_after_s = 1


class Overloaded(ServiceError):
    status, code, title, retryable = (
        503,
        "overloaded",
        "There is too much to do; try again soon.",
        True,
    )
    default_retry_after_s = 1


class Unavailable(ServiceError):
    status, code, title, retryable = (
        503,
        "unavailable",
        "This cannot be reached; try again soon.",
        True,
    )
    default_retry_after_s = 2
