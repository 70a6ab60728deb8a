"""Requests that carry a whole video: a raw body with options in the query, or a multipart form."""

import base64
import binascii
import re
from datetime import timedelta
from typing import Any

from litestar import Request
from msgspec import Struct

from converter_service.uploads.body_reader import BodyReader
from converter_service.uploads.media_types import is_media_type
from converter_service.uploads.multipart import ENVELOPE_BYTES, MultipartForm, media_type
from converter_service.uploads.raw_video import RawVideo, refuse_query
from converter_service.uploads.source import UploadSource
from shared.errors import TooLarge, UnsupportedMediaType

MAX_JSON_BYTES = 64 * 1024
DIGEST = re.compile(r"(?:^|,)\s*sha-256=:(?P<digest>[A-Za-z0-9+/]{43}=):")


class UploadReceiver(Struct, frozen=True):
    """Opens request bodies. `idle_timeout` is how long a client may pause while it sends."""

    max_bytes: int
    idle_timeout: timedelta

    def open(self, request: Request[Any, Any, Any]) -> BodyReader:
        return BodyReader(
            request.receive,
            idle_timeout=self.idle_timeout,
            max_bytes=self.max_bytes,
            declared_length=declared_length(request),
        )

    def source(self, request: Request[Any, Any, Any], body: BodyReader) -> UploadSource:
        """Reads nothing yet. Raises UnsupportedMediaType, InvalidRequest, and TooLarge for a declared length
        above the limit.
        """
        refuse_encoding(request)
        kind, parameters = media_type(request.headers.get("content-type", ""))
        if kind == "multipart/form-data":
            refuse_query(request.query_params)
            self._check_length(body, self.max_bytes + ENVELOPE_BYTES)
            return MultipartForm(parameters.get("boundary", ""), body, parameters.get("charset"))
        if is_media_type(kind):
            self._check_length(body, self.max_bytes)
            query_string = request.scope["query_string"]
            return RawVideo(request.query_params, query_string, body, declared_sha256(request))
        raise UnsupportedMediaType(
            "Send multipart/form-data, video/*, audio/*, application/octet-stream or application/json."
        )

    async def read_json(self, request: Request[Any, Any, Any], body: BodyReader) -> bytes:
        """The whole body. Raises UnsupportedMediaType, InvalidRequest, and TooLarge above MAX_JSON_BYTES."""
        refuse_encoding(request)
        refuse_query(request.query_params, "With JSON, options are members of the object.", "the object")
        body.limit(MAX_JSON_BYTES)
        return b"".join([piece async for piece in body])

    def _check_length(self, body: BodyReader, limit: int) -> None:
        if body.declared_length is not None and body.declared_length > limit:
            raise TooLarge(f"A video may have at most {self.max_bytes} bytes.")


def is_json(request: Request[Any, Any, Any]) -> bool:
    return media_type(request.headers.get("content-type", ""))[0] == "application/json"


def refuse_encoding(request: Request[Any, Any, Any]) -> None:
    """Raises UnsupportedMediaType for a compressed body."""
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMediaType("Send the video without a content encoding.")


def declared_length(request: Request[Any, Any, Any]) -> int | None:
    """Content-Length in bytes."""
    text = request.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else None


def declared_sha256(request: Request[Any, Any, Any]) -> str | None:
    """SHA-256 in hex, from `Content-Digest: sha-256=:…:` (RFC 9530 §2)."""
    found = DIGEST.search(request.headers.get("content-digest", ""))
    try:
        return base64.b64decode(found["digest"], validate=True).hex() if found else None
    except binascii.Error:
        return None
