"""The routes of resumable uploads (tus 1.0.0): each parses, makes one call and answers."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from litestar import Controller, HttpMethod, Request, delete, patch, post, route
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED, HTTP_204_NO_CONTENT

from converter_service.access import public
from converter_service.conversions.controller import Call
from converter_service.tus.chunk import Checksum
from converter_service.tus.protocol import (
    OFFSET_TYPE,
    VERSION,
    AnotherVersion,
    abilities,
    read_checksum,
    read_whole,
    told,
    wanted,
)
from converter_service.tus.service import Uploads
from converter_service.uploads.controller import IdempotencyKey
from converter_service.uploads.multipart import media_type
from converter_service.uploads.request_body import Body, Reception, announced_length
from shared.errors import ServiceError, UnsupportedMediaType
from shared.http import Injected

HEAD, OPTIONS = [HttpMethod.HEAD], [HttpMethod.OPTIONS]


class Chunk:
    """The body of a request that carries bytes of an upload. Raises UnsupportedMediaType, InvalidRequest."""

    def __init__(self, request: Request[Any, Any, Any], body: Body, at_most: int) -> None:
        refuse_other_types(request)
        self._pieces = body.pieces(at_most)
        self.announced_size: int | None = announced_length(request)
        self.checksum: Checksum | None = read_checksum(request.headers.get("upload-checksum"))

    def pieces(self) -> AsyncIterator[bytes]:
        return self._pieces


def speaks_tus(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A guard. OPTIONS is for those who do not know yet."""
    asks = connection.scope.get("method") == HttpMethod.OPTIONS
    if not asks and connection.headers.get("tus-resumable") != VERSION:
        raise AnotherVersion


class TusController(Controller):
    path = "/v1/uploads"
    tags = ("uploads",)
    guards = (speaks_tus,)

    # Both paths at once, and named as below: else the framework's own answer to OPTIONS comes first.
    @route(["/", "/{upload_id:str}"], http_method=OPTIONS, opt=public(), summary="What is offered")
    async def abilities(self, reception: Injected[Reception]) -> ASGIResponse:
        return bare(HTTP_204_NO_CONTENT, abilities(reception.max_bytes))

    @post("/", status_code=HTTP_201_CREATED, request_max_body_size=None, summary="Begin an upload")
    async def create(
        self,
        request: Call,
        uploads: Injected[Uploads],
        reception: Injected[Reception],
        key: IdempotencyKey = None,
    ) -> ASGIResponse:
        asked = wanted(request.headers)
        if not has_body(request):
            created = await uploads.create(request.user, asked, key)
        else:
            async with drained(reception.open(request)) as body:
                chunk = Chunk(request, body, reception.max_bytes)
                created = await uploads.create_with(request.user, asked, key, chunk)
        headers = {**told(created), "Location": f"/v1/uploads/{created.id}"}
        return bare(HTTP_201_CREATED, headers)

    @route("/{upload_id:str}", http_method=HEAD, summary="How far an upload has come")
    async def state(
        self, request: Call, upload_id: FromPath[str], uploads: Injected[Uploads]
    ) -> ASGIResponse:
        return bare(HTTP_200_OK, told(await uploads.state(request.user, upload_id)))

    @patch("/{upload_id:str}", request_max_body_size=None, summary="Go on")
    async def append(
        self,
        request: Call,
        upload_id: FromPath[str],
        uploads: Injected[Uploads],
        reception: Injected[Reception],
    ) -> ASGIResponse:
        async with drained(reception.open(request)) as body:
            chunk = Chunk(request, body, reception.max_bytes)
            offset = read_whole(request.headers, "Upload-Offset")
            longer = await uploads.append(request.user, upload_id, offset, chunk)
        return bare(HTTP_204_NO_CONTENT, told(longer))

    @delete("/{upload_id:str}", summary="Remove an upload, or the conversion it has become")
    async def terminate(self, request: Call, upload_id: FromPath[str], uploads: Injected[Uploads]) -> None:
        await uploads.terminate(request.user, upload_id)


@asynccontextmanager
async def drained(body: Body) -> AsyncIterator[Body]:
    """Whoever still sends when it is answered, refused or not, gets to read the answer."""
    try:
        yield body
    except ServiceError:
        await body.drain()
        raise
    await body.drain()


def has_body(request: Request[Any, Any, Any]) -> bool:
    """RFC 9112 §6.3"""
    return "transfer-encoding" in request.headers or bool(announced_length(request))


def refuse_other_types(request: Request[Any, Any, Any]) -> None:
    kind, _ = media_type(request.headers.get("content-type", ""))
    if kind != OFFSET_TYPE:
        raise UnsupportedMediaType(f"Send the bytes as {OFFSET_TYPE}.")


def bare(status: int, headers: Mapping[str, str]) -> ASGIResponse:
    """An answer whose header says it all."""
    answer = ASGIResponse(status_code=status, headers=dict(headers))
    if "content-type" in answer.headers:
        del answer.headers["content-type"]
    return answer
