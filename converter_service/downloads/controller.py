"""Downloads of the audio of a conversion, whole or a range, by access token or signed link."""

from collections.abc import AsyncIterator
from typing import Any

from litestar import Controller, Response, get, head
from litestar.params import FromPath
from litestar.response import Stream

from converter_service.conversions.service import Audio, Conversions
from converter_service.downloads.access import AudioAccess, Call
from converter_service.downloads.archive import download_name
from converter_service.downloads.ranges import matches, not_modified, range_applies, select_range
from converter_service.media.formats import FORMATS
from converter_service.uploads.filenames import content_disposition
from shared.errors import PreconditionFailed
from shared.http import Injected
from shared.http.auth_guard import public

# The HTTP server buffers a fixed number of pieces for a slow client, whatever their size.
PIECE_BYTES = 64 * 1024


class AudioController(Controller):
    """The routes are public because a signed link needs no token; AudioAccess authenticates them."""

    path = "/v1/conversions/{conversion_id:str}/audio"
    tags = ("conversions",)
    opt = public()

    @get("/", summary="Download the audio", media_type="application/octet-stream")
    async def download(
        self,
        request: Call,
        conversion_id: FromPath[str],
        conversions: Injected[Conversions],
        access: Injected[AudioAccess],
    ) -> Response[Any]:
        """Answers 200, 206, 304, 409, 410, 412 or 416 (RFC 9110 §13.2.2 gives the order)."""
        audio = await access.audio(request, conversion_id)
        headers = _headers(audio)
        if is_current(request, headers["ETag"]):
            return Response(b"", status_code=304, headers=_not_modified_headers(headers))
        applies = range_applies(request.headers.get("if-range"), headers["ETag"])
        part = select_range(request.headers.get("range") if applies else None, audio.size)
        extent = {"Content-Length": str(part.length)}
        if part.partial:
            extent["Content-Range"] = part.content_range
        return Stream(
            split_pieces(await conversions.read(audio, part.first, part.end)),
            status_code=206 if part.partial else 200,
            headers=headers | extent,
            media_type=headers["Content-Type"],
        )

    @head("/", summary="Get the headers of the audio")
    async def headers(
        self, request: Call, conversion_id: FromPath[str], access: Injected[AudioAccess]
    ) -> Response[None]:
        audio = await access.audio(request, conversion_id)
        headers = _headers(audio)
        if is_current(request, headers["ETag"]):
            return Response(None, status_code=304, headers=_not_modified_headers(headers))
        # Range is defined for GET only (RFC 9110 §14.2).
        return Response(None, headers=headers | {"Content-Length": str(audio.size)})


async def split_pieces(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yields the same bytes in pieces of at most PIECE_BYTES."""
    async for piece in pieces:
        for start in range(0, len(piece), PIECE_BYTES):
            yield piece[start : start + PIECE_BYTES]


def is_current(request: Call, etag: str) -> bool:
    """Whether the client has this audio. Raises PreconditionFailed when If-Match names another one."""
    if not matches(request.headers.get("if-match"), etag):
        raise PreconditionFailed("The audio has another ETag than If-Match names.")
    return not_modified(request.headers.get("if-none-match"), etag)


def _headers(audio: Audio) -> dict[str, str]:
    form = FORMATS[audio.format]
    return {
        "Content-Type": form.media_type,
        "Content-Disposition": content_disposition(download_name(audio.conversion), form.name),
        "ETag": f'"{audio.sha256}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
    }


def _not_modified_headers(headers: dict[str, str]) -> dict[str, str]:
    """The header fields of a 304 (RFC 9110 §15.4.5)."""
    return {name: headers[name] for name in ("ETag", "Cache-Control")}
