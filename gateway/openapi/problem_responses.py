"""What every call may answer besides success, for the OpenAPI document."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from litestar.datastructures import CacheControlHeader
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example, SecurityRequirement

from shared.http import Problem
from shared.http.problems import phrase

PROBLEM_JSON = "application/problem+json"

# RFC 6749 §5.1: answers that hold tokens are not for caches; those about one person neither.
NO_STORE = CacheControlHeader(no_store=True)

SIGNED_IN: list[SecurityRequirement] = [{"bearer": []}]

# Any call may be refused by its header alone (400, 414, 431), be too much (429), or find no service (503).
EVERYWHERE = (400, 414, 429, 431, 503)

WORDS: Mapping[int, str] = MappingProxyType(
    {
        400: "`invalid_request`, with `errors` by field where they are known.",
        401: "`unauthenticated`, or `invalid_credentials` at sign-in.",
        403: "`forbidden`: signed in, but not allowed.",
        404: "`not_found`, also for what belongs to somebody else.",
        408: "`request_timeout`: the body came too slowly, or stopped.",
        409: "`conflict`, `email_taken` or `not_ready`.",
        410: "`gone`: expired, or deleted.",
        412: "`invalid_request`: `If-Match` names another audio; or another version of tus than ours.",
        413: "`too_large`: the body, or with it more than an account may have stored.",
        414: "`too_large`: the URL.",
        415: "`unsupported_media_type`",
        416: "`range_not_satisfiable`",
        422: "`weak_password` or `idempotency_mismatch`.",
        423: "`conflict`: another request is writing to the upload.",
        429: "`rate_limited`: too many calls or conversions; try again after `Retry-After` seconds.",
        431: "`too_large`: the header.",
        460: "`invalid_request`: the bytes do not have the checksum that was announced; none were taken.",
        503: "`overloaded` or `unavailable`: try again after `Retry-After` seconds.",
    }
)


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """RFC 9457 answers of a call; those that any call may give are added."""
    return {
        status: ResponseSpec(
            Problem,
            description=WORDS[status],
            media_type=PROBLEM_JSON,
            generate_examples=False,
            examples=[Example(value=example(status))],
        )
        for status in sorted({*statuses, *EVERYWHERE})
    }


def example(status: int) -> dict[str, Any]:
    """With the first code that the words name."""
    code = re.search("`([a-z_]+)`", WORDS[status])
    return {
        "type": "about:blank",
        "title": phrase(status),
        "status": status,
        "detail": "What is wrong, in words.",
        "code": code[1] if code else "",
        "request_id": "0f9a3c5d8b7e4a6f9c1d2e3f4a5b6c7d",
    }
