"""What every call may answer besides success, for the OpenAPI document."""

from http import HTTPStatus

from litestar.datastructures import CacheControlHeader
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import SecurityRequirement

from shared.http import Problem

PROBLEM_JSON = "application/problem+json"
EVERYWHERE = (429, 503)

# RFC 6749 §5.1: answers that hold tokens are not for caches; those about one person neither.
NO_STORE = CacheControlHeader(no_store=True)

SIGNED_IN: list[SecurityRequirement] = [{"bearer": []}]


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """RFC 9457 answers of a call; those that any call may give are added."""
    return {
        status: ResponseSpec(
            Problem,
            description=HTTPStatus(status).phrase,
            media_type=PROBLEM_JSON,
            generate_examples=False,
        )
        for status in sorted({*statuses, *EVERYWHERE})
    }
