"""The security events of the caller's account."""

import msgspec
from litestar import Controller

from gateway.openapi.problem_responses import NO_STORE
from gateway.pagination import Limit, OpaqueCursor
from gateway.pass_through import forward
from shared.contracts.activity import ActivityPage


class ActivityQuery(msgspec.Struct):
    """`GET /v1/auth/activity`"""

    cursor: OpaqueCursor = None
    limit: Limit = 20


class ActivityController(Controller):
    path = "/v1/auth/activity"
    tags = ["accounts"]  # noqa: RUF012 - Litestar's own form
    cache_control = NO_STORE

    list_own = forward(
        "GET",
        query=ActivityQuery,
        answer=ActivityPage,
        summary="List the security events of your account, newest first",
        operation_id="list_activity",
        problems=(400, 401, 403),
    )
