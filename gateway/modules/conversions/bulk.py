"""One action on several conversions. Each counts as the single call does, in the same rate limits."""

from typing import Any

import msgspec
from litestar import Controller, Request, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK

from gateway.idempotency.service import Idempotency, IdempotencyKey
from gateway.identity.auth_guard import principal_of
from gateway.identity.principal import Principal
from gateway.limits.rate_limit import LimitReached, Rate, RateLimits
from gateway.openapi.problem_responses import SIGNED_IN, problems
from gateway.proxy.relay import Relay
from shared.contracts.conversions import BulkAnswer, BulkError, BulkRequest, BulkResult
from shared.errors import ServiceError
from shared.http import Injected
from shared.identity.scopes import scoped

PATH = "/v1/conversions/bulk"


class BulkController(Controller):
    path = PATH
    tags = ["conversions"]  # noqa: RUF012 - Litestar's own form
    opt = scoped("conversions")

    @post(
        "/",
        status_code=HTTP_200_OK,
        summary="Delete, retry or cancel several conversions",
        operation_id="bulk",
        security=SIGNED_IN,
        responses={
            **problems(400, 401, 403, 408, 409, 413, 415, 422),
            HTTP_200_OK: ResponseSpec(BulkAnswer, description="A result for each"),
        },
    )
    async def bulk(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[BulkRequest],
        converter: Injected[Relay],
        limits: Injected[RateLimits],
        *,
        idempotency: Injected[Idempotency],
        idempotency_key: IdempotencyKey = None,
    ) -> Any:
        async def act() -> object:
            return await perform(request, data, converter, limits)

        return await idempotency.perform(request, idempotency_key, data, act)


async def perform(
    request: Request[Any, Any, Any], data: BulkRequest, converter: Relay, limits: RateLimits
) -> BulkAnswer:
    """Passes on as many as the rate limit allows; the results of the others are 429. Raises LimitReached
    when it allows none.
    """
    caller, ids = principal_of(request), tuple(dict.fromkeys(data.ids))
    count, refusal = await allowed(limits, caller, data, len(ids))
    if refusal is not None and count == 0:
        raise refusal
    passed = BulkRequest(ids[:count], data.action)
    made = await converter.forward(request, PATH, BulkAnswer, body=passed, caller=caller)
    answer = msgspec.json.decode(made or b"", type=BulkAnswer)
    return BulkAnswer((*answer.items, *(_refused(each, refusal) for each in ids[count:] if refusal)))


async def allowed(
    limits: RateLimits, caller: Principal, data: BulkRequest, count: int
) -> tuple[int, LimitReached | None]:
    """How many of `count` the account may act on now, which are counted, and why no more. The request itself
    was counted as one of the default class.
    """
    rate = Rate.UPLOAD if data.action == "retry" else Rate.DEFAULT
    already = 0 if data.action == "retry" else 1
    return await limits.hit_several(rate, f"account:{caller.user_id}", count, already)


def _refused(conversion_id: str, refusal: ServiceError) -> BulkResult:
    error = BulkError(refusal.code, refusal.detail, refusal.retry_after_s)
    return BulkResult(id=conversion_id, status=refusal.status, error=error)
