"""Resumable uploads (tus 1.0.0, https://tus.io/protocols/resumable-upload), relayed to the converter."""

from typing import Any

from litestar import Controller, HttpMethod, Request, route
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.response.base import ASGIResponse
from litestar.types import Method
from litestar.types.internal_types import PathParameterDefinition

from gateway.identity.auth_guard import limited
from gateway.limits.concurrency import streamed
from gateway.limits.rate_limit import Rate
from gateway.modules.uploads.documents import (
    AbilitiesOperation,
    AppendOperation,
    CreationOperation,
    StateOperation,
    TusOperation,
)
from gateway.openapi.problem_responses import problems
from gateway.pass_through import forward, relay
from gateway.proxy.relay import Relay
from shared.http import Injected
from shared.identity.scopes import scoped

PATH = "/v1/uploads"
# v1, uploads, the id
SEGMENTS_OF_AN_UPLOAD = 3


def abilities_operation_id(
    _: HTTPRouteHandler, __: Method, components: list[str | PathParameterDefinition]
) -> str:
    return "upload_abilities" if len(components) < SEGMENTS_OF_AN_UPLOAD else "abilities_of_upload"


class UploadsController(Controller):
    path = PATH
    tags = ["uploads"]  # noqa: RUF012 - Litestar's own form
    opt = scoped("conversions")

    create = relay(
        "POST",
        opt=limited(Rate.UPLOAD) | streamed,
        status_code=201,
        success="Created",
        summary="Create a resumable upload",
        operation_id="begin_upload",
        operation_class=CreationOperation,
        problems=(400, 401, 403, 408, 409, 410, 412, 413, 415, 422, 423, 460),
    )

    state = relay(
        "HEAD",
        "/{upload_id:str}",
        status_code=200,
        success="The upload's offset",
        summary="Get the offset of an upload",
        operation_id="upload_state",
        operation_class=StateOperation,
        problems=(400, 401, 403, 404, 410, 412),
    )

    append = relay(
        "PATCH",
        "/{upload_id:str}",
        opt=streamed,
        status_code=204,
        success="Stored",
        summary="Append bytes to an upload",
        operation_id="append_to_upload",
        operation_class=AppendOperation,
        problems=(400, 401, 403, 404, 408, 409, 410, 412, 413, 415, 423, 460),
    )

    terminate = forward(
        "DELETE",
        "/{upload_id:str}",
        to="converter",
        summary="Delete an upload, or the conversion that it has become",
        operation_id="terminate_upload",
        operation_class=TusOperation,
        problems=(400, 401, 403, 404, 410, 412),
    )

    # One handler for both paths, and the same parameter name as above: otherwise Litestar's own response to
    # OPTIONS takes precedence.
    @route(
        ["/", "/{upload_id:str}"],
        http_method=[HttpMethod.OPTIONS],
        summary="Get the tus extensions and limits",
        operation_id=abilities_operation_id,
        operation_class=AbilitiesOperation,
        responses={204: ResponseSpec(None, description="Extensions and limits"), **problems(404)},
    )
    async def abilities(self, request: Request[Any, Any, Any], converter: Injected[Relay]) -> ASGIResponse:
        return await converter.stream(request, PATH, caller=None)
