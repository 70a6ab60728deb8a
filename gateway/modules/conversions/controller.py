"""Conversions and their audio."""

from typing import Any

from litestar import Controller, HttpMethod, Request, get, route
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse
from litestar.types import Method

from gateway.identity.auth_guard import caller_of, limited, signed_link
from gateway.limits.concurrency import streamed
from gateway.limits.rate_limit import Rate
from gateway.middleware.compression import compressible
from gateway.modules.conversions.archive_documents import ARCHIVE_QUERY, ArchiveOperation
from gateway.modules.conversions.documents import (
    AUDIO_QUERY,
    LIST_QUERY,
    UPLOAD_QUERY,
    AudioOperation,
    ListOperation,
    UploadOperation,
)
from gateway.openapi.problem_responses import problems
from gateway.pass_through import forward, relay, upstream_path
from gateway.proxy.relay import Relay
from gateway.query import pick
from shared.contracts.conversions import ChapterList, Conversion, ConversionPage, Waveform
from shared.errors import InvalidRequest
from shared.http import Injected
from shared.identity.scopes import scoped


def audio_operation_id(_: HTTPRouteHandler, method: Method, __: object) -> str:
    return "audio" if method == HttpMethod.GET else "audio_head"


class ConversionsController(Controller):
    path = "/v1/conversions"
    tags = ["conversions"]  # noqa: RUF012 - Litestar's own form
    opt = scoped("conversions")

    upload = relay(
        "POST",
        query=UPLOAD_QUERY,
        refuse_other_parameters=True,
        answer=Conversion,
        opt=limited(Rate.UPLOAD) | streamed,
        status_code=202,
        success="Accepted",
        summary="Upload a video to be converted, or convert a stored one again",
        operation_id="upload",
        operation_class=UploadOperation,
        problems=(400, 401, 403, 404, 408, 409, 410, 413, 415, 422),
    )

    list_conversions = relay(
        "GET",
        query=LIST_QUERY,
        answer=ConversionPage,
        opt=compressible,
        success="A page",
        summary="List your conversions, newest first",
        operation_id="list_conversions",
        operation_class=ListOperation,
        problems=(400, 401, 403),
    )

    conversion = relay(
        "GET",
        "/{conversion_id:str}",
        answer=Conversion,
        success="The conversion",
        summary="Get a conversion",
        operation_id="get_conversion",
        problems=(400, 401, 403, 404),
    )

    waveform = relay(
        "GET",
        "/{conversion_id:str}/waveform",
        answer=Waveform,
        opt=compressible,
        success="The waveform",
        summary="Get the waveform of the audio",
        operation_id="waveform",
        problems=(400, 401, 403, 404, 409, 410),
    )

    chapters = relay(
        "GET",
        "/{conversion_id:str}/chapters",
        answer=ChapterList,
        opt=compressible,
        success="The chapters",
        summary="Get the chapters of the audio",
        operation_id="chapters",
        problems=(400, 401, 403, 404, 409, 410),
    )

    remove = forward(
        "DELETE",
        "/{conversion_id:str}",
        to="converter",
        summary="Delete a conversion with its video and its audio",
        operation_id="delete_conversion",
        problems=(400, 401, 403, 404),
    )

    @route(
        "/{conversion_id:str}/audio",
        http_method=[HttpMethod.GET, HttpMethod.HEAD],
        opt=signed_link | streamed,
        summary="Download the audio, or with HEAD get its properties",
        operation_id=audio_operation_id,
        operation_class=AudioOperation,
        status_code=200,
        responses=problems(400, 401, 403, 404, 409, 410, 412, 416),
    )
    async def audio(self, request: Request[Any, Any, Any], converter: Injected[Relay]) -> ASGIResponse:
        """Relays the signature of a signed link, or else a token for the caller; never both."""
        query, caller = pick(request.scope, AUDIO_QUERY), caller_of(request)
        if caller is not None and query:
            raise InvalidRequest("A signed link needs both parameters: expires and signature.")
        return await converter.stream(request, upstream_path(request), query=query, caller=caller)

    @get(
        "/archive",
        opt=signed_link | streamed,
        summary="Download the audio of several conversions as a ZIP",
        operation_id="archive",
        operation_class=ArchiveOperation,
        responses=problems(400, 401, 403, 404, 409, 410),
    )
    async def archive(self, request: Request[Any, Any, Any], converter: Injected[Relay]) -> ASGIResponse:
        query, caller = pick(request.scope, ARCHIVE_QUERY), caller_of(request)
        if caller is not None and [name for name, _ in query] != ["ids"]:
            raise InvalidRequest(
                "Name the conversions in ids; a signed link needs expires and signature too."
            )
        return await converter.stream(request, upstream_path(request), query=query, caller=caller)
