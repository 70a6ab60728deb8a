"""Upload a video, watch it become audio, fetch the audio, remove both."""

from typing import Any

from litestar import Controller, HttpMethod, Request, delete, get, post, route
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from litestar.types import Method

from gateway.clients.conversions import Conversion, ConversionPage
from gateway.clients.converter import ConverterClient
from gateway.identity.auth_guard import is_open, limited, principal_of, signed_link
from gateway.identity.scopes import scoped
from gateway.limits.concurrency import streamed
from gateway.limits.rate_limit import Rate
from gateway.middleware.compression import compressible
from gateway.modules.conversions.documents import (
    AUDIO_QUERY,
    LIST_QUERY,
    UPLOAD_QUERY,
    AudioOperation,
    ListOperation,
    UploadOperation,
)
from gateway.openapi.problem_responses import SIGNED_IN, problems
from gateway.query import chosen
from shared.errors import InvalidRequest
from shared.http import Injected

AnyRequest = Request[Any, Any, Any]


def audio_operation_id(_: HTTPRouteHandler, method: Method, __: object) -> str:
    return "audio" if method == HttpMethod.GET else "audio_head"


class ConversionsController(Controller):
    path = "/v1/conversions"
    tags = ["conversions"]  # noqa: RUF012 - Litestar's own form
    opt = scoped("conversions")

    @post(
        opt=limited(Rate.UPLOAD) | streamed,
        status_code=202,
        request_max_body_size=None,  # the converter bounds uploads, while they stream
        summary="Upload a video to be converted",
        operation_id="upload",
        operation_class=UploadOperation,
        security=SIGNED_IN,
        responses={
            202: ResponseSpec(Conversion, description="Accepted"),
            **problems(400, 401, 403, 408, 409, 413, 415, 422),
        },
    )
    async def upload(self, request: AnyRequest, converter: Injected[ConverterClient]) -> ASGIResponse:
        query = chosen(request.scope, UPLOAD_QUERY, refuse_others=True)
        return await converter.conversions(request, query, principal_of(request).access_token)

    @get(
        opt=compressible,
        summary="Your conversions, newest first",
        operation_id="list_conversions",
        operation_class=ListOperation,
        security=SIGNED_IN,
        responses={200: ResponseSpec(ConversionPage, description="A page"), **problems(400, 401, 403)},
    )
    async def list_conversions(
        self, request: AnyRequest, converter: Injected[ConverterClient]
    ) -> ASGIResponse:
        query = chosen(request.scope, LIST_QUERY)
        return await converter.conversions(request, query, principal_of(request).access_token)

    @get(
        "/{conversion_id:str}",
        summary="One conversion",
        operation_id="get_conversion",
        security=SIGNED_IN,
        responses={
            200: ResponseSpec(Conversion, description="The conversion"),
            **problems(400, 401, 403, 404),
        },
    )
    async def conversion(
        self, request: AnyRequest, conversion_id: FromPath[str], converter: Injected[ConverterClient]
    ) -> ASGIResponse:
        return await converter.conversion(request, conversion_id, principal_of(request).access_token)

    @delete(
        "/{conversion_id:str}",
        summary="Remove a conversion, its video and its audio",
        operation_id="delete_conversion",
        security=SIGNED_IN,
        responses=problems(400, 401, 403, 404),
    )
    async def remove(
        self, request: AnyRequest, conversion_id: FromPath[str], converter: Injected[ConverterClient]
    ) -> None:
        await converter.remove(request, conversion_id, principal_of(request).access_token)

    @route(
        "/{conversion_id:str}/audio",
        http_method=[HttpMethod.GET, HttpMethod.HEAD],
        opt=signed_link | streamed,
        summary="The audio, or with HEAD what it is",
        operation_id=audio_operation_id,
        operation_class=AudioOperation,
        status_code=200,
        responses=problems(400, 401, 403, 404, 409, 410, 412, 416),
    )
    async def audio(
        self, request: AnyRequest, conversion_id: FromPath[str], converter: Injected[ConverterClient]
    ) -> ASGIResponse:
        """With its signature when it came with one, else with the caller's token; never both."""
        query = chosen(request.scope, AUDIO_QUERY)
        if is_open(request, request.route_handler.opt):
            return await converter.audio(request, conversion_id, query, None)
        if query:
            raise InvalidRequest("A signed link has both: expires and signature.")
        token = principal_of(request).access_token
        return await converter.audio(request, conversion_id, (), token)
