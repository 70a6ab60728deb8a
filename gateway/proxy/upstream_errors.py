"""Failures of the services behind the gateway, as a client may see them."""

from collections.abc import Mapping

import aiohttp
import msgspec

from shared.errors import (
    ChecksumMismatch,
    Conflict,
    FieldError,
    Forbidden,
    Gone,
    InvalidRequest,
    Locked,
    NotFound,
    Overloaded,
    PreconditionFailed,
    RangeNotSatisfiable,
    ServiceError,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
)
from shared.http_client import ResponseTooLarge, read_body

LARGEST_ANSWER_BYTES = 1024 * 1024
PASSED_ON_FIELDS = ("Retry-After", "WWW-Authenticate", "Content-Range", "Allow", "Tus-Version")

# For a service that answers without a problem of its own, which is a fault of it: the client still gets one.
BY_STATUS: Mapping[int, type[ServiceError]] = {
    kind.status: kind
    for kind in (
        InvalidRequest,
        Forbidden,
        NotFound,
        Conflict,
        Gone,
        PreconditionFailed,
        TooLarge,
        UnsupportedMediaType,
        RangeNotSatisfiable,
        Locked,
        ChecksumMismatch,
    )
}


class ServiceProblem(msgspec.Struct):
    """The members of a service's problem that are passed on; the request id is our own."""

    status: int
    code: str
    detail: str = ""
    errors: tuple[FieldError, ...] = ()


class PassedOn(ServiceError):
    """A problem as the service behind stated it: same status, code, detail and fields."""

    def __init__(self, problem: ServiceProblem, headers: Mapping[str, str]) -> None:
        super().__init__(problem.detail, headers=headers, errors=problem.errors)
        self.status = problem.status  # type: ignore[misc]  # the one error whose kind is known only now
        self.code = problem.code  # type: ignore[misc]


class BadAnswer(Unavailable):
    """A service answered with something that is not of the contract."""


def is_elsewhere(response: aiohttp.ClientResponse) -> bool:
    """The process is about to stop and has not begun with it: another one, or its successor, does it."""
    return response.status == Unavailable.status and response.headers.get("Connection", "").lower() == "close"


async def read_answer(response: aiohttp.ClientResponse) -> bytes:
    """The whole response body. Raises BadAnswer above LARGEST_ANSWER_BYTES."""
    try:
        return await read_body(response, LARGEST_ANSWER_BYTES)
    except ResponseTooLarge:
        raise BadAnswer("The service gave too long an answer.") from None


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> ServiceError:
    """The error for an answer of 3xx, 4xx or 5xx."""
    passed = {name: headers[name] for name in PASSED_ON_FIELDS if name in headers}
    media_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if body and media_type == "application/problem+json":  # the answer to HEAD has none
        try:
            problem = msgspec.json.decode(body, type=ServiceProblem)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return BadAnswer("The service gave an answer that cannot be read.")
        if problem.status == status:
            return PassedOn(problem, passed)
    if status == Overloaded.status:
        return Overloaded("The service is overloaded.")
    if status == Unauthenticated.status:
        return Unauthenticated(headers=passed)
    kind = BY_STATUS.get(status)
    return kind(headers=passed) if kind else BadAnswer("The service could not answer.")
