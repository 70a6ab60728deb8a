"""Upload a video, watch it become audio, fetch the audio, remove both."""

from collections.abc import Sequence
from typing import Any

from litestar import Controller, Request, delete, get, head, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from gateway.clients.converter import ConverterClient, Query
from gateway.core.answers import SIGNED_IN, problems
from gateway.core.guards import is_open, limited, principal_of, signed_link
from gateway.core.rate_limit import Rate
from gateway.modules.conversions.documents import (
    AUDIO_QUERY,
    LIST_QUERY,
    UPLOAD_QUERY,
    AudioOperation,
    ListOperation,
    UploadOperation,
)
from gateway.modules.conversions.schemas import Conversion, ConversionPage
from shared.errors import FieldError, InvalidRequest
from shared.http import Injected
from shared.settings import Secret

AnyRequest = Request[Any, Any, Any]


class ConversionsController(Controller):
    path = "/v1/conversions"
    tags = ["conversions"]  # noqa: RUF012 - Litestar's own form

    @post(
        opt=limited(Rate.UPLOAD),
        status_code=202,
        request_max_body_size=None,  # the converter bounds uploads, while they stream
        summary="Upload a video to be converted",
        operation_id="upload",
        operation_class=UploadOperation,
        security=SIGNED_IN,
        responses={
            202: ResponseSpec(Conversion, description="Accepted"),
            **problems(400, 401, 408, 413, 415),
        },
    )
    async def upload(self, request: AnyRequest, converter: Injected[ConverterClient]) -> ASGIResponse:
        query = chosen(request, UPLOAD_QUERY, refuse_others=True)
        return await converter.conversions(request, query, principal_of(request).access_token)

    @get(
        summary="Your conversions, newest first",
        operation_id="list_conversions",
        operation_class=ListOperation,
        security=SIGNED_IN,
        responses={200: ResponseSpec(ConversionPage, description="A page"), **problems(400, 401)},
    )
    async def list_conversions(
        self, request: AnyRequest, converter: Injected[ConverterClient]
    ) -> ASGIResponse:
        query = chosen(request, LIST_QUERY)
        return await converter.conversions(request, query, principal_of(request).access_token)

    @get(
        "/{conversion_id:str}",
        summary="One conversion",
        operation_id="get_conversion",
        security=SIGNED_IN,
        responses={200: ResponseSpec(Conversion, description="The conversion"), **problems(401, 404)},
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
        responses=problems(401, 404),
    )
    async def remove(
        self, request: AnyRequest, conversion_id: FromPath[str], converter: Injected[ConverterClient]
    ) -> ASGIResponse:
        return await converter.conversion(request, conversion_id, principal_of(request).access_token)

    @get(
        "/{conversion_id:str}/audio",
        opt=signed_link,
        summary="The audio",
        operation_id="audio",
        operation_class=AudioOperation,
        responses=problems(401, 404, 409, 410, 416),
    )
    async def audio(
        self, request: AnyRequest, conversion_id: FromPath[str], converter: Injected[ConverterClient]
    ) -> ASGIResponse:
        return await relayed_audio(request, conversion_id, converter)

    @head(
        "/{conversion_id:str}/audio",
        opt=signed_link,
        summary="What the audio is, without it",
        operation_id="audio_head",
        operation_class=AudioOperation,
        responses=problems(401, 404, 409, 410, 416),
    )
    async def audio_head(
        self, request: AnyRequest, conversion_id: FromPath[str], converter: Injected[ConverterClient]
    ) -> ASGIResponse:
        return await relayed_audio(request, conversion_id, converter)


async def relayed_audio(request: AnyRequest, conversion_id: str, converter: ConverterClient) -> ASGIResponse:
    """With its signature when it came with one, else with the caller's token; never both."""
    if is_open(request, request.route_handler.opt):
        return await converter.audio(request, conversion_id, chosen(request, AUDIO_QUERY), None)
    token: Secret = principal_of(request).access_token
    return await converter.audio(request, conversion_id, (), token)


def chosen(request: AnyRequest, names: Sequence[str], *, refuse_others: bool = False) -> Query:
    """The query's parameters that this call knows. Raises InvalidRequest for others, where a misspelt one
    would change the result in silence, and for one that is given twice.
    """
    given = list(request.query_params.multi_items())
    strangers = sorted({name for name, _ in given if name not in names})
    if refuse_others and strangers:
        errors = [FieldError(name[:64], "is not known") for name in strangers[:20]]
        raise InvalidRequest("The query is not valid.", errors=errors)
    kept = [(name, value) for name, value in given if name in names]
    repeated = sorted({name for name, _ in kept if [known for known, _ in kept].count(name) > 1})
    if repeated:
        errors = [FieldError(name, "is given more than once") for name in repeated]
        raise InvalidRequest("The query is not valid.", errors=errors)
    return kept
