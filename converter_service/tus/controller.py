"""The routes of resumable uploads (tus 1.0.0)."""

from collections.abc import Mapping
from typing import Any

from litestar import Controller, HttpMethod, Request, delete, patch, post, route
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED, HTTP_204_NO_CONTENT
from msgspec.structs import replace

from converter_service.conversions.controller import Call
from converter_service.conversions.public_paths import PublicPaths
from converter_service.presets.service import Presets
from converter_service.tus.chunk import UploadChunk
from converter_service.tus.creation_headers import parse_creation, read_declared_length
from converter_service.tus.header_fields import read_whole
from converter_service.tus.protocol import (
    OFFSET_TYPE,
    VERSION,
    UnsupportedVersion,
    capability_headers,
    read_checksum,
    upload_headers,
)
from converter_service.tus.service import ResumableUploads
from converter_service.uploads.body_reader import BodyReader
from converter_service.uploads.controller import IdempotencyKey
from converter_service.uploads.multipart import media_type
from converter_service.uploads.request_body import UploadReceiver, declared_length
from shared.errors import UnsupportedMediaType
from shared.http import Injected
from shared.http.auth_guard import public

HEAD, OPTIONS = [HttpMethod.HEAD], [HttpMethod.OPTIONS]


def require_tus_version(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A guard. OPTIONS needs no version: it is how a client learns the supported one."""
    if (
        connection.scope.get("method") != HttpMethod.OPTIONS
        and connection.headers.get("tus-resumable") != VERSION
    ):
        raise UnsupportedVersion


class TusController(Controller):
    path = "/v1/uploads"
    tags = ("uploads",)
    guards = (require_tus_version,)

    # Handlers are registered in the order of their names. This one must be the first, for both paths and with
    # the parameter named as below; else the framework answers OPTIONS itself.
    @route(
        ["/", "/{upload_id:str}"], http_method=OPTIONS, opt=public(), summary="Get the server's capabilities"
    )
    async def advertise(self, receiver: Injected[UploadReceiver]) -> ASGIResponse:
        return bare(HTTP_204_NO_CONTENT, capability_headers(receiver.max_bytes))

    @post("/", status_code=HTTP_201_CREATED, request_max_body_size=None, summary="Create an upload")
    async def create(
        self,
        request: Call,
        uploads: Injected[ResumableUploads],
        receiver: Injected[UploadReceiver],
        presets: Injected[Presets],
        paths: Injected[PublicPaths],
        *,
        key: IdempotencyKey = None,
    ) -> ASGIResponse:
        sent = parse_creation(request.headers)
        wanted = replace(sent, fields=await presets.resolve(request.user, sent.fields))
        if not has_body(request):
            created = await uploads.create(request.user, wanted, key)
        else:
            chunk = chunk_of(request, receiver.open(request))
            created = await uploads.create_with(request.user, wanted, key, chunk)
        headers = {**upload_headers(created), "Location": paths.upload(created.id)}
        return bare(HTTP_201_CREATED, headers)

    @route("/{upload_id:str}", http_method=HEAD, summary="Get the offset of an upload")
    async def state(
        self, request: Call, upload_id: FromPath[str], uploads: Injected[ResumableUploads]
    ) -> ASGIResponse:
        return bare(HTTP_200_OK, upload_headers(await uploads.state(request.user, upload_id)))

    @patch("/{upload_id:str}", request_max_body_size=None, summary="Append to an upload")
    async def append(
        self,
        request: Call,
        upload_id: FromPath[str],
        uploads: Injected[ResumableUploads],
        receiver: Injected[UploadReceiver],
    ) -> ASGIResponse:
        chunk = chunk_of(request, receiver.open(request))
        offset = read_whole(request.headers, "Upload-Offset")
        is_declared = "upload-length" in request.headers
        length = read_declared_length(request.headers) if is_declared else None
        longer = await uploads.append(request.user, upload_id, offset, chunk, length)
        return bare(HTTP_204_NO_CONTENT, upload_headers(longer))

    @delete("/{upload_id:str}", summary="Delete an upload, or the conversion it has become")
    async def terminate(
        self, request: Call, upload_id: FromPath[str], uploads: Injected[ResumableUploads]
    ) -> None:
        await uploads.terminate(request.user, upload_id)


def has_body(request: Request[Any, Any, Any]) -> bool:
    """RFC 9112 §6.3: a request has a body if one of the two header fields says so."""
    return "transfer-encoding" in request.headers or bool(declared_length(request))


def chunk_of(request: Request[Any, Any, Any], body: BodyReader) -> UploadChunk:
    """Raises UnsupportedMediaType for another Content-Type, InvalidRequest for a malformed checksum."""
    kind, _ = media_type(request.headers.get("content-type", ""))
    if kind != OFFSET_TYPE:
        raise UnsupportedMediaType(f"Send the bytes as {OFFSET_TYPE}.")
    return UploadChunk(body, read_checksum(request.headers.get("upload-checksum")))


def bare(status: int, headers: Mapping[str, str]) -> ASGIResponse:
    """A response without a body, and without a Content-Type."""
    answer = ASGIResponse(status_code=status, headers=dict(headers))
    if "content-type" in answer.headers:
        del answer.headers["content-type"]
    return answer
