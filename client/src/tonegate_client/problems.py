"""Errors of the client: refusals of the server with their `code`, and what goes wrong on this side."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import msgspec

from tonegate_client.models import Conversion, FieldError


class TonegateError(Exception):
    """Base of all errors of this package. Its text is a sentence for people."""


class ServerUnreachable(TonegateError):
    """No response came, after all attempts."""


class NotSignedIn(TonegateError):
    """There are no credentials, or the server accepts them no longer."""


class SourceChanged(TonegateError):
    """The file changed while it was sent."""


class DigestMismatch(TonegateError):
    """The received bytes are not those that the server announced."""


class ConversionFailed(TonegateError):
    """The conversion ended without audio; `conversion.error` has the reason."""

    def __init__(self, conversion: Conversion) -> None:
        reason = conversion.error.message if conversion.error else f"The conversion is {conversion.status}."
        super().__init__(reason)
        self.conversion = conversion

    @property
    def code(self) -> str:
        return self.conversion.error.code if self.conversion.error else self.conversion.status


def unexpected(status: int, detail: str) -> "Problem":
    """A response that a Tonegate server does not send."""
    return Problem(status=status, code="unexpected_response", detail=detail)


class Problem(TonegateError):
    """A response with an error status (RFC 9457). `code` is for programs, `detail` for people.

    `members` are all members of the body. `retry_after_s` is the wait that the server asks for, if any.
    """

    def __init__(
        self,
        *,
        status: int,
        code: str,
        detail: str,
        request_id: str = "",
        errors: tuple[FieldError, ...] = (),
        retry_after_s: float | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        fields = "; ".join(f"{each.field} {each.message}" for each in errors)
        super().__init__(f"{detail.rstrip('.')}: {fields}." if fields else detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.request_id = request_id
        self.errors = errors
        self.retry_after_s = retry_after_s
        self.members = dict(members or {})


class SecondFactorRequired(Problem):
    """The password was right, and the account has a second factor: `factor_token` is good for one sign-in."""

    @property
    def factor_token(self) -> str:
        return str(self.members.get("factor_token", ""))

    @property
    def factors(self) -> tuple[str, ...]:
        return tuple(self.members.get("factors") or ())


class _Body(msgspec.Struct, kw_only=True):
    detail: str = ""
    code: str = ""
    request_id: str = ""
    errors: tuple[FieldError, ...] = ()


def problem_of(response: httpx.Response, now_s: float) -> Problem:
    """The problem of a response with an error status, also one that a proxy wrote. Its body must be read.

    `now_s` is the present time, in seconds since the epoch.
    """
    body, members = _Body(), dict[str, Any]()
    try:
        members = msgspec.json.decode(response.content, type=dict[str, Any])
        body = msgspec.convert(members, _Body)
    except msgspec.MsgspecError:
        pass
    kind = SecondFactorRequired if body.code == "second_factor_required" else Problem
    return kind(
        status=response.status_code,
        code=body.code or f"http_{response.status_code}",
        detail=body.detail or f"The server answered {response.status_code} {response.reason_phrase}.",
        request_id=body.request_id or response.headers.get("x-request-id", ""),
        errors=body.errors,
        retry_after_s=parse_retry_after(response.headers.get("retry-after"), now_s),
        members=members,
    )


def parse_retry_after(text: str | None, now_s: float) -> float | None:
    """Seconds to wait by a Retry-After field (RFC 9110 §10.2.3); None without one, or for a malformed one."""
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now_s)
    except ValueError:
        return None
