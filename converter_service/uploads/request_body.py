"""Videos as they come in over HTTP: a raw body, or a multipart form with a part `file`; never gathered."""

import base64
import binascii
import re
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

from litestar import Request
from litestar.datastructures import MultiDict
from msgspec import Struct

from converter_service.errors import UploadBroken
from converter_service.uploads.multipart import ENVELOPE_BYTES, Form, media_type
from converter_service.uploads.source import Incoming
from shared.errors import FieldError, InvalidRequest, TooLarge, UnsupportedMediaType
from shared.http import chunks, drain

# A client that is still sending when it is refused gets to read why, if it stops soon.
DRAIN_BYTES = 4 * 1024 * 1024
DRAIN_TIME = timedelta(seconds=2)
MAX_QUERY_FIELDS = 32
DIGEST = re.compile(r"(?:^|,)\s*sha-256=:(?P<digest>[A-Za-z0-9+/]{43}=):")


class Reception(Struct, frozen=True):
    """How much is taken, and how long a sender may pause."""

    max_bytes: int
    idle_timeout: timedelta

    def open(self, request: Request[Any, Any, Any]) -> "Body":
        return Body(request, self.idle_timeout)

    def incoming(self, request: Request[Any, Any, Any], body: "Body") -> Incoming:
        """Raises UnsupportedMediaType, or TooLarge if the announced length says so, before a byte is read."""
        if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise UnsupportedMediaType("Send the video as it is, without a content encoding.")
        kind, parameters = media_type(request.headers.get("content-type", ""))
        if kind == "multipart/form-data":
            refuse_query(request.query_params)
            at_most = self.max_bytes + ENVELOPE_BYTES
            self._refuse_announced(request, at_most)
            return Form(parameters.get("boundary", ""), body.pieces(at_most))
        if kind == "application/octet-stream" or kind.startswith(("video/", "audio/")):
            self._refuse_announced(request, self.max_bytes)
            pieces = body.pieces(self.max_bytes)
            size, sha256 = announced_length(request), announced_sha256(request)
            return RawVideo(request.query_params, pieces, size, sha256)
        raise UnsupportedMediaType("Send multipart/form-data, video/*, audio/* or application/octet-stream.")

    def _refuse_announced(self, request: Request[Any, Any, Any], limit: int) -> None:
        announced = announced_length(request)
        if announced is not None and announced > limit:
            raise TooLarge(f"A video may have at most {self.max_bytes} bytes.")


class Body:
    """A request's bytes, once, counted against the length that was announced."""

    def __init__(self, request: Request[Any, Any, Any], idle_timeout: timedelta) -> None:
        self._pieces = chunks(request, idle_timeout)
        self._announced = announced_length(request)
        self._waits_for_go = "100-continue" in request.headers.get("expect", "").lower()
        self._started = False
        self._ended = False

    async def pieces(self, at_most: int) -> AsyncIterator[bytes]:
        """Raises TooLarge beyond `at_most` bytes, UploadBroken when fewer or more came than announced."""
        self._started = True
        received = 0
        async for piece in self._pieces:
            received += len(piece)
            if received > at_most:
                raise TooLarge(f"An upload may have at most {at_most} bytes.")
            yield piece
        self._ended = True
        if self._announced is not None and received != self._announced:
            raise UploadBroken("The body is not as long as it was announced to be.")

    async def drain(self) -> None:
        """Whoever waits for our go (RFC 9110 §10.1.1) has not begun to send and need not be drained."""
        if self._ended or (self._waits_for_go and not self._started):
            return
        await drain(self._pieces, at_most_bytes=DRAIN_BYTES, within=DRAIN_TIME)


class RawVideo:
    """The body is the video; its name and the options are in the query."""

    def __init__(
        self, query: MultiDict[str], pieces: AsyncIterator[bytes], size: int | None, sha256: str | None
    ) -> None:
        self._fields = single_values(query)
        self.filename = self._fields.pop("filename", None)
        self.announced_size, self.announced_sha256 = size, sha256
        self._pieces = pieces

    def chunks(self) -> AsyncIterator[bytes]:
        return self._pieces

    async def fields(self) -> Mapping[str, str]:
        return self._fields


def refuse_query(query: MultiDict[str]) -> None:
    """A form holds its options itself; ignoring others would give another result than was asked for."""
    if query:
        raise InvalidRequest(
            "With a form, options are fields of the form.",
            errors=[FieldError(name[:64], "belongs in the form") for name in sorted(query)],
        )


def single_values(query: MultiDict[str]) -> dict[str, str]:
    """Raises InvalidRequest for a name that comes twice."""
    given = list(query.items())
    fields = dict(given)
    if len(given) > MAX_QUERY_FIELDS:
        raise InvalidRequest("Too many query parameters.")
    if len(fields) != len(given):
        names = [name for name, _ in given]
        twice = sorted({name[:64] for name in names if names.count(name) > 1})
        raise InvalidRequest(
            "A parameter was given twice.", errors=[FieldError(name, "was given twice") for name in twice]
        )
    return fields


def announced_length(request: Request[Any, Any, Any]) -> int | None:
    text = request.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else None


def announced_sha256(request: Request[Any, Any, Any]) -> str | None:
    """In hex, out of `Content-Digest: sha-256=:…:` (RFC 9530 §2)."""
    found = DIGEST.search(request.headers.get("content-digest", ""))
    try:
        return base64.b64decode(found["digest"], validate=True).hex() if found else None
    except binascii.Error:
        return None
