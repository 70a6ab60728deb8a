"""The documented problems of operations, for the OpenAPI document."""

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

# RFC 6749 §5.1: responses with tokens must not be cached, nor those about one account.
NO_STORE = CacheControlHeader(no_store=True)

SIGNED_IN: list[SecurityRequirement] = [{"bearer": []}]

# Possible for every operation: an invalid header (400, 414, 431), a rate limit (429), no service (503).
EVERYWHERE = (400, 414, 429, 431, 503)

DESCRIPTIONS: Mapping[int, str] = MappingProxyType(
    {
        400: "`invalid_request`, with `errors` by field where they are known.",
        401: "`unauthenticated`; at login also `invalid_credentials`, and `second_factor_required` with "
        "`factor_token`, `factors` and `passkey_options` for `/v1/auth/login/factor`.",
        403: "`forbidden`: authenticated, but not allowed; `proof_required`: prove the session again, "
        "at `/v1/auth/proof`, by `current_password` or by a new login; for changes of factors of an account "
        "that has one, by a factor.",
        404: "`not_found`, also for resources of other accounts.",
        408: "`request_timeout`: the body arrived too slowly.",
        409: "`conflict`, `email_taken` or `not_ready`.",
        410: "`gone`: expired, or deleted.",
        412: "`invalid_request`: `If-Match` does not match, or the version of tus is not supported.",
        413: "`too_large`: the body, or the account's storage with it.",
        414: "`too_large`: the URL.",
        415: "`unsupported_media_type`",
        416: "`range_not_satisfiable`",
        422: "`weak_password` or `idempotency_mismatch`.",
        423: "`conflict`: another request is writing to the upload.",
        429: "`rate_limited`: too many requests or conversions; retry after `Retry-After` seconds.",
        431: "`too_large`: the header.",
        460: "`invalid_request`: the bytes do not match `Upload-Checksum`; none were stored.",
        503: "`overloaded` or `unavailable`: retry after `Retry-After` seconds.",
    }
)


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Problem responses (RFC 9457) with these statuses, and with those of every operation."""
    return {
        status: ResponseSpec(
            Problem,
            description=DESCRIPTIONS[status],
            media_type=PROBLEM_JSON,
            generate_examples=False,
            examples=[Example(value=example(status))],
        )
        for status in sorted({*statuses, *EVERYWHERE})
    }


def example(status: int) -> dict[str, Any]:
    """A problem with the first code in the description of `status`."""
    code = re.search("`([a-z_]+)`", DESCRIPTIONS[status])
    return {
        "type": "about:blank",
        "title": phrase(status),
        "status": status,
        "detail": "An explanation of the problem.",
        "code": code[1] if code else "",
        "request_id": "0f9a3c5d8b7e4a6f9c1d2e3f4a5b6c7d",
    }
