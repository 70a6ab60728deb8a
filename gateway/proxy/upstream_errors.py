"""Errors of the services behind the gateway, as clients see them."""

from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec

from shared.contracts.webauthn import RequestOptions
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
from shared.identity.gateway_tokens import REFUSED
from shared.logs import get_logger

MAX_RESPONSE_BYTES = 1024 * 1024
RELAYED_FIELDS = ("Retry-After", "WWW-Authenticate", "Content-Range", "Allow", "Tus-Version")

# For an error response without a problem body.
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
    """The members of a service's problem that are relayed; the request id is the gateway's own."""

    status: int
    code: str
    detail: str = ""
    errors: tuple[FieldError, ...] = ()
    factor_token: str | None = None
    factors: tuple[str, ...] | None = None
    passkey_options: RequestOptions | None = None

    def members(self) -> dict[str, Any]:
        """The further members that the problem has."""
        further = {name: getattr(self, name) for name in ("factor_token", "factors", "passkey_options")}
        return {name: value for name, value in further.items() if value is not None}


class PassedOn(ServiceError):
    """A service's problem with the same status, code, detail and errors."""

    def __init__(self, problem: ServiceProblem, headers: Mapping[str, str]) -> None:
        super().__init__(problem.detail, headers=headers, errors=problem.errors, members=problem.members())
        self.status = problem.status  # type: ignore[misc]  # known at runtime only
        self.code = problem.code  # type: ignore[misc]


class BadAnswer(Unavailable):
    """A service sent an invalid response."""


async def read_answer(response: aiohttp.ClientResponse) -> bytes:
    """The whole response body. Raises BadAnswer above MAX_RESPONSE_BYTES."""
    try:
        return await read_body(response, MAX_RESPONSE_BYTES)
    except ResponseTooLarge:
        raise BadAnswer("The service's response is too long.") from None


def refused_own_token(
    response: aiohttp.ClientResponse, *, looks_up_accounts: bool = False
) -> BadAnswer | None:
    """The error for a 401 about the gateway's own token. A client whose credential is valid would discard it
    because of a 401.

    Every 401 of a service that looks up no accounts is one, also of an older version that does not say so.
    """
    says_so = REFUSED in response.headers
    is_sent = "Authorization" in response.request_info.headers
    if response.status != Unauthenticated.status or not (says_so or (is_sent and not looks_up_accounts)):
        return None
    get_logger(__name__).error(
        "a service refused the gateway's token: check GATEWAY_PUBLIC_KEYS and clocks",
        service=str(response.url.origin()),
    )
    return BadAnswer("The service cannot be used right now.")


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> ServiceError:
    """The error for a response of 3xx, 4xx or 5xx."""
    passed = {name: headers[name] for name in RELAYED_FIELDS if name in headers}
    media_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if body and media_type == "application/problem+json":  # the response to HEAD has no body
        try:
            problem = msgspec.json.decode(body, type=ServiceProblem)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return BadAnswer("The service's response cannot be read.")
        if problem.status == status:
            return PassedOn(problem, passed)
    if status == Overloaded.status:
        return Overloaded("The service is overloaded.")
    if status == Unauthenticated.status:
        return Unauthenticated(headers=passed)
    kind = BY_STATUS.get(status)
    return kind(headers=passed) if kind else BadAnswer("The service failed.")
