"""Validation of the request line and header: malformed and too large ones are refused first.

The HTTP server has refused others before, without a problem body (RFC 9112 §6.1 and §6.3: two lengths, a last
transfer coding other than `chunked`, folded lines).
"""

import re
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from gateway.asgi import header_values
from shared.errors import InvalidRequest, NotFound, ServiceError, TooLarge
from shared.http.problems import send_problem

# RFC 9110 §4.1 recommends at least 8000 octets.
MAX_TARGET_BYTES = 8 * 1024
MAX_FIELDS = 64
MAX_HEADER_BYTES = 32 * 1024

# RFC 3986 §2.3: paths of this API consist of unreserved characters. Each has one spelling only, so rules of a
# proxy in front of the gateway cannot be bypassed by another spelling (ASVS 5.0, 1.1.1).
PLAIN_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)*/?")

# When the end of a request is unclear nothing is read after it (RFC 9112 §11.2; ASVS 5.0, 4.2.1).
CLOSE: Final[Mapping[str, str]] = {"Connection": "close"}


class TargetTooLong(TooLarge):
    """RFC 9110 §15.5.15"""

    status, title = 414, "The URL is too long."


class HeaderTooLarge(TooLarge):
    """RFC 6585 §5"""

    status, title = 431, "The header is too large."


class RequestValidationMiddleware:
    """Answers invalid requests with a problem."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and (wrong := fault(scope)):
            await send_problem(wrong, send, is_head=scope["method"] == "HEAD")
            return
        await self._app(scope, receive, send)


def fault(scope: Mapping[str, Any]) -> ServiceError | None:
    """The error for an invalid request line or header; None for a valid one."""
    headers = scope["headers"]
    if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_TARGET_BYTES:
        return TargetTooLong("The URL is too long.")
    if len(headers) > MAX_FIELDS or sum(map(len, chain.from_iterable(headers))) > MAX_HEADER_BYTES:
        return HeaderTooLarge("The header is too large.")
    if scope["http_version"] == "1.1" and not has_one(headers, b"host"):
        return InvalidRequest("There must be exactly one Host header.", headers=CLOSE)  # RFC 9112 §3.2
    codings = header_values(headers, b"transfer-encoding")
    if codings and [coding.strip().lower() for coding in codings] != [b"chunked"]:
        return InvalidRequest("The only supported transfer coding is chunked.", headers=CLOSE)
    if not is_plain(scope["path"], scope["raw_path"]):
        return NotFound()
    return None


def is_plain(path: str, raw_path: bytes) -> bool:
    """False for a path with reserved characters, dot segments or an encoded slash."""
    if path == "*":  # RFC 9110 §9.3.7
        return True
    return PLAIN_PATH.fullmatch(path) is not None and b"%2f" not in raw_path.lower()


def has_one(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bool:
    found = header_values(headers, name)
    return len(found) == 1 and found[0].strip() != b""
