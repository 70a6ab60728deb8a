"""A video in a multipart form (RFC 7578), parsed as it arrives: a part `file`, options before or after it."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from typing import TypeAlias

from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)

from converter_service.errors import UploadBroken
from converter_service.media.option_fields import is_known
from converter_service.uploads.filenames import decode_extended
from shared.errors import FieldError, InvalidRequest

FILE = "file"
MAX_PARTS = 32
MAX_HEADER_BYTES = 8 * 1024
MAX_HEADERS = 8
MAX_FIELD_BYTES = 4 * 1024
MAX_BOUNDARY = 200
# What a form may add to the video's own bytes, everything counted.
ENVELOPE_BYTES = 256 * 1024
# Before the first part, after the last one, and of each part's header.
OUTSIDE_BYTES = 16 * 1024

EXTENDED_NAME = re.compile(r";\s*filename\*\s*=\s*([^;]+)", re.IGNORECASE)
Event: TypeAlias = MultipartSegment | bytes | None


def media_type(header: str) -> tuple[str, Mapping[str, str]]:
    """A Content-Type header's type in lower case, and its parameters."""
    kind, parameters = parse_options_header(header)
    return str(kind), parameters


class Form:
    """Raises InvalidRequest for a form without a video, with two, or with a field that comes twice."""

    def __init__(self, boundary: str, pieces: AsyncIterator[bytes]) -> None:
        if not 0 < len(boundary) <= MAX_BOUNDARY:
            raise InvalidRequest("The multipart boundary is missing or too long.")
        with _readable():
            self._parser = PushMultipartParser(
                boundary,
                max_header_size=MAX_HEADER_BYTES,
                max_header_count=MAX_HEADERS,
                max_segment_count=MAX_PARTS,
            )
        self._delimiter = b"--" + boundary.encode()
        self._events = self._parsed(pieces)
        self._fields: dict[str, str] = {}
        self._begun = False
        self.filename: str | None = None
        # What is announced is the form around the video.
        self.announced_size: int | None = None
        self.announced_sha256: str | None = None

    async def fields(self) -> Mapping[str, str]:
        """Reads up to the video when nothing has been read yet."""
        if not self._begun:
            self._begun = True
            await self._find_file()
        return self._fields

    async def chunks(self) -> AsyncIterator[bytes]:
        """The video's bytes; then the rest of the form is read."""
        await self.fields()
        async for event in self._events:
            if not isinstance(event, bytes):
                break
            yield event
        async for event in self._events:
            if isinstance(event, MultipartSegment):
                if event.name == FILE:
                    raise InvalidRequest("One video at a time.", errors=[FieldError(FILE, "was given twice")])
                await self._field(event)

    async def _find_file(self) -> None:
        async for event in self._events:
            if isinstance(event, MultipartSegment):
                if event.name == FILE:
                    self.filename = sent_name(event)
                    return
                await self._field(event)
        raise InvalidRequest("The form has no video.", errors=[FieldError(FILE, "is required")])

    async def _field(self, segment: MultipartSegment) -> None:
        """An option's text. Errors name the field as far as it can be shown."""
        name = segment.name or ""
        if name in self._fields:
            raise InvalidRequest(
                "A field was given twice.", errors=[FieldError(name[:64], "was given twice")]
            )
        if segment.filename is not None and not is_known(name):
            raise _stranger(name)
        text = b""
        async for event in self._events:
            if not isinstance(event, bytes):
                break
            text += event
            if len(text) > MAX_FIELD_BYTES and not is_known(name):
                raise _stranger(name)
            if len(text) > MAX_FIELD_BYTES:
                raise InvalidRequest("A field is too long.", errors=[FieldError(name[:64], "is too long")])
        try:
            self._fields[name] = text.decode()
        except UnicodeDecodeError:
            raise InvalidRequest(
                "A field is no text.", errors=[FieldError(name[:64], "must be UTF-8")]
            ) from None

    async def _parsed(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[Event]:
        outside, between = True, 0
        async for piece in pieces:
            silent = True
            with _readable():
                for event in self._parser.parse(piece):
                    if outside and silent:
                        _refuse_swollen(between + max(0, piece.find(self._delimiter)))
                    outside, silent = event is None, False
                    yield event
            if outside:
                between = between + len(piece) if silent else self._after_last_boundary(piece)
                _refuse_swollen(between)
        with _readable():
            self._parser.close()

    def _after_last_boundary(self, piece: bytes) -> int:
        """How many of its bytes follow; all, when the boundary began in the piece before."""
        return len(piece) - 1 - piece.rfind(self._delimiter)


def _stranger(name: str) -> InvalidRequest:
    """Something large under a name that means nothing here: most likely the video."""
    return InvalidRequest(
        f"The video belongs in a part with the name {FILE}.", errors=[FieldError(name[:64], "is not known")]
    )


def _refuse_swollen(outside: int) -> None:
    """The parser would skip any number of bytes outside the parts. Raises UploadBroken."""
    if outside > OUTSIDE_BYTES:
        raise UploadBroken("There is too much outside the parts of the form.")


def sent_name(segment: MultipartSegment) -> str | None:
    """`filename*` (RFC 8187) before `filename`, and encoded words (RFC 2047), as some clients send them."""
    disposition = segment.header("Content-Disposition") or ""
    if extended := EXTENDED_NAME.search(disposition):
        decoded = decode_extended(extended[1])
        if decoded is not None:
            return decoded
    name: str | None = segment.filename
    if name and name.startswith("=?") and name.endswith("?="):
        try:
            return str(make_header(decode_header(name)))
        except (HeaderParseError, UnicodeDecodeError, LookupError):
            return name
    return name


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except ParserLimitReached:
        raise InvalidRequest("The form has too many parts, or too long headers.") from None
    except MultipartError:
        raise UploadBroken("The multipart body is malformed or incomplete.") from None
