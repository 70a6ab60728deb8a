"""Call a conversion off, have it tried again, give somebody else its audio."""

from typing import Any

import msgspec
from litestar import Controller, Request, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody
from litestar.response.base import ASGIResponse

from gateway.clients.conversions import Conversion, Link, LinkWanted
from gateway.idempotency.service import IdempotencyKey
from gateway.identity.scopes import scoped
from gateway.modules.conversions.actions import Actions
from gateway.openapi.problem_responses import SIGNED_IN, problems
from shared.http import Injected

AnyRequest = Request[Any, Any, Any]


class ControlController(Controller):
    path = "/v1/conversions/{conversion_id:str}"
    tags = ["conversions"]  # noqa: RUF012 - Litestar's own form
    opt = scoped("conversions")
    security = SIGNED_IN

    @post(
        "/cancel",
        status_code=200,
        summary="Call a conversion off; if it is running it stops at once",
        operation_id="cancel_conversion",
        responses={
            200: ResponseSpec(Conversion, description="Cancelled"),
            **problems(400, 401, 403, 404, 409),
        },
    )
    async def cancel(
        self, request: AnyRequest, conversion_id: FromPath[str], actions: Injected[Actions]
    ) -> ASGIResponse:
        """Again, it changes nothing. 409 when it has ended otherwise."""
        return answered(200, await actions.perform(request, conversion_id, "cancel"))

    @post(
        "/retry",
        status_code=202,
        summary="Try a conversion again that failed or was cancelled",
        operation_id="retry_conversion",
        responses={
            202: ResponseSpec(Conversion, description="Accepted"),
            **problems(400, 401, 403, 404, 409, 410, 422),
        },
    )
    async def retry(
        self,
        request: AnyRequest,
        conversion_id: FromPath[str],
        actions: Injected[Actions],
        idempotency_key: IdempotencyKey = None,
    ) -> ASGIResponse:
        """410 when its video has not been kept."""
        return answered(202, await actions.perform(request, conversion_id, "retry", key=idempotency_key))

    @post(
        "/link",
        status_code=201,
        summary="A link that gives the audio without a token",
        operation_id="link_audio",
        responses={
            201: ResponseSpec(Link, description="The link"),
            **problems(400, 401, 403, 404, 408, 409, 410, 413, 415, 422),
        },
    )
    async def link(
        self,
        request: AnyRequest,
        conversion_id: FromPath[str],
        actions: Injected[Actions],
        data: JSONBody[LinkWanted | None] = None,
        idempotency_key: IdempotencyKey = None,
    ) -> ASGIResponse:
        """It lasts an hour when nothing else is asked for, and ends with the audio in any case."""
        made = await actions.perform(
            request, conversion_id, "link", data or LinkWanted(), key=idempotency_key
        )
        return answered(201, made)


def answered(status: int, content: msgspec.Raw) -> ASGIResponse:
    headers = {"Cache-Control": "no-store"}
    return ASGIResponse(body=bytes(content), status_code=status, headers=headers)
