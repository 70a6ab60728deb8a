"""Requests that cannot be meant, or are too much to read: refused before anything else is done with them.

The HTTP server has refused the worst already (RFC 9112 §6.1 and §6.3: two lengths, a coding that is not
`chunked` at the end, folded lines), with bare answers. Here is what it lets through.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from gateway.asgi import header_values
from shared.errors import InvalidRequest, NotFound, ServiceError, TooLarge
from shared.http.problem_response import send_problem

# RFC 9110 §4.1 asks for 8000 octets at least.
LONGEST_TARGET_BYTES = 8 * 1024
MOST_FIELDS = 64
LONGEST_HEADER_BYTES = 32 * 1024

# RFC 3986 §2.3: every name of this API is made of unreserved characters. One path has one spelling only, so a
# rule that a proxy in front of us has for it cannot be walked around (ASVS 5.0, 1.1.1).
PLAIN_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)*/?")

# Where a request's own bounds are in doubt, what follows it is not read (RFC 9112 §11.2; ASVS 5.0, 4.2.1).
CLOSE: Final[Mapping[str, str]] = {"Connection": "close"}


class TargetTooLong(TooLarge):
    """RFC 9110 §15.5.15"""

    status, title = 414, "The URL is too long."


class HeaderTooLarge(TooLarge):
    """RFC 6585 §5"""

    status, title = 431, "The header is too large."


class WellFormed:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and (wrong := fault(scope)):
            await send_problem(wrong, send, is_head=scope["method"] == "HEAD")
            return
        await self._app(scope, receive, send)


def fault(scope: Mapping[str, Any]) -> ServiceError | None:
    """Why this request is refused by its header alone; None when it is not."""
    headers = scope["headers"]
    if len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST_TARGET_BYTES:
        return TargetTooLong("The URL is too long.")
    if len(headers) > MOST_FIELDS or sum(map(len, chain.from_iterable(headers))) > LONGEST_HEADER_BYTES:
        return HeaderTooLarge("The header is too large.")
    if scope["http_version"] == "1.1" and not has_one(headers, b"host"):
        return InvalidRequest("There must be exactly one Host.", headers=CLOSE)  # RFC 9112 §3.2
    codings = header_values(headers, b"transfer-encoding")
    if codings and [coding.strip().lower() for coding in codings] != [b"chunked"]:
        return InvalidRequest("The only transfer coding is chunked.", headers=CLOSE)
    if not is_plain(scope["path"], scope["raw_path"]):
        return NotFound()
    return None


def is_plain(path: str, raw_path: bytes) -> bool:
    """A slash that was written %2F is no slash of ours, and what follows it no name."""
    if path == "*":  # RFC 9110 §9.3.7
        return True
    return PLAIN_PATH.fullmatch(path) is not None and b"%2f" not in raw_path.lower()


def has_one(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bool:
    found = header_values(headers, name)
    return len(found) == 1 and found[0].strip() != b""
