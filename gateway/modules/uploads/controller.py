"""Resumable uploads (tus 1.0.0, https://tus.io/protocols/resumable-upload), which the converter speaks."""

from typing import Any

from litestar import Controller, HttpMethod, Request, delete, patch, post, route
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from litestar.types import Method
from litestar.types.internal_types import PathParameterDefinition

from gateway.clients.converter import ConverterClient
from gateway.identity.auth_guard import limited, principal_of
from gateway.identity.scopes import scoped
from gateway.limits.concurrency import streamed
from gateway.limits.rate_limit import Rate
from gateway.modules.uploads.documents import (
    AbilitiesOperation,
    AppendOperation,
    BeginOperation,
    StateOperation,
    TusOperation,
)
from gateway.openapi.problem_responses import SIGNED_IN, problems
from shared.http import Injected

# v1, uploads, the id
PARTS_OF_AN_UPLOAD = 3

AnyRequest = Request[Any, Any, Any]


def abilities_operation_id(
    _: HTTPRouteHandler, __: Method, components: list[str | PathParameterDefinition]
) -> str:
    return "upload_abilities" if len(components) < PARTS_OF_AN_UPLOAD else "abilities_of_upload"


class UploadsController(Controller):
    path = "/v1/uploads"
    tags = ["uploads"]  # noqa: RUF012 - Litestar's own form
    opt = scoped("conversions")

    @post(
        opt=limited(Rate.UPLOAD) | streamed,
        status_code=201,
        request_max_body_size=None,  # the converter bounds uploads, while they stream
        summary="Begin a resumable upload",
        operation_id="begin_upload",
        operation_class=BeginOperation,
        security=SIGNED_IN,
        responses={
            201: ResponseSpec(None, description="Begun"),
            **problems(400, 401, 403, 408, 409, 410, 412, 413, 415, 422, 423, 460),
        },
    )
    async def begin(self, request: AnyRequest, converter: Injected[ConverterClient]) -> ASGIResponse:
        return await converter.uploads(request, principal_of(request).access_token)

    @route(
        "/{upload_id:str}",
        http_method=[HttpMethod.HEAD],
        status_code=200,
        summary="How far an upload has come",
        operation_id="upload_state",
        operation_class=StateOperation,
        security=SIGNED_IN,
        responses={
            200: ResponseSpec(None, description="As far as it is stored"),
            **problems(400, 401, 403, 404, 410, 412),
        },
    )
    async def state(
        self, request: AnyRequest, upload_id: FromPath[str], converter: Injected[ConverterClient]
    ) -> ASGIResponse:
        return await converter.resumable(request, upload_id, principal_of(request).access_token)

    @patch(
        "/{upload_id:str}",
        opt=streamed,
        request_max_body_size=None,
        summary="Go on with an upload",
        operation_id="append_to_upload",
        operation_class=AppendOperation,
        security=SIGNED_IN,
        responses={
            204: ResponseSpec(None, description="Stored"),
            **problems(400, 401, 403, 404, 408, 409, 410, 412, 413, 415, 423, 460),
        },
    )
    async def append(
        self, request: AnyRequest, upload_id: FromPath[str], converter: Injected[ConverterClient]
    ) -> ASGIResponse:
        return await converter.resumable(request, upload_id, principal_of(request).access_token)

    @delete(
        "/{upload_id:str}",
        summary="Remove an upload, or the conversion that it has become",
        operation_id="terminate_upload",
        operation_class=TusOperation,
        security=SIGNED_IN,
        responses=problems(400, 401, 403, 404, 410, 412),
    )
    async def terminate(
        self, request: AnyRequest, upload_id: FromPath[str], converter: Injected[ConverterClient]
    ) -> None:
        await converter.terminate(request, upload_id, principal_of(request).access_token)

    # Both at once, and their paths named as those above: else the framework's own answer comes first.
    @route(
        ["/", "/{upload_id:str}"],
        http_method=[HttpMethod.OPTIONS],
        summary="What is offered",
        operation_id=abilities_operation_id,
        operation_class=AbilitiesOperation,
        responses={204: ResponseSpec(None, description="What is offered"), **problems(404)},
    )
    async def abilities(self, request: AnyRequest, converter: Injected[ConverterClient]) -> ASGIResponse:
        return await converter.uploads(request, None)
