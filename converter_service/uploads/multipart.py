"""Incremental parser of a multipart form (RFC 7578) with a video in a part `file` and options around it."""

from collections.abc import Iterator, Mapping

from multipart import MultipartSegment, parse_options_header  # type: ignore[import-untyped]

from converter_service.uploads.body_frame import Framing
from converter_service.uploads.body_reader import BodyReader
from converter_service.uploads.charsets import decode_text
from converter_service.uploads.disposition import read_filename
from converter_service.uploads.form_field import CHARSET, FILE, Field
from converter_service.uploads.multipart_events import FormEvents, raw_header
from shared.errors import FieldError, InvalidRequest

MAX_BOUNDARY = 200
# How many bytes a form may have besides the video's.
ENVELOPE_BYTES = 256 * 1024


def media_type(header: str) -> tuple[str, Mapping[str, str]]:
    """The type in a Content-Type header, in lower case, and its parameters."""
    kind, parameters = parse_options_header(header)
    return str(kind), parameters


class MultipartForm(Framing):
    """Framing of a form's body; also the UploadSource that reads it.

    Raises InvalidRequest for a form without a video, with two, or with a field that is given twice, and
    UploadBroken for a malformed body.
    """

    envelope_limit = ENVELOPE_BYTES
    # The declared length and digest are those of the form, not of the video.
    announced_size: int | None = None
    announced_sha256: str | None = None

    def __init__(self, boundary: str, body: BodyReader, charset: str | None = None) -> None:
        """`charset` is the declared one of text that is not UTF-8."""
        if not 0 < len(boundary) <= MAX_BOUNDARY:
            raise InvalidRequest("The multipart boundary is missing or too long.")
        self.body = body
        body.frame(self)
        self.at_video = False
        self.filename: str | None = None
        self._charset = charset
        self._events = FormEvents(boundary)
        self._fields: dict[str, str] = {}
        self._field: Field | None = None

    async def fields(self) -> Mapping[str, str]:
        await self.body.read_envelope()
        return self._fields

    def feed(self, piece: bytes) -> Iterator[bytes]:
        envelope_bytes = len(piece)
        for event in self._events.parse(piece):
            if isinstance(event, MultipartSegment):
                self._begin_part(event)
                if self._field is None:
                    yield b""
            elif self._field is not None:
                self._continue_field(self._field, event)
            elif event is not None:
                envelope_bytes -= len(event)
                yield event
        self.envelope_bytes += envelope_bytes

    def close(self) -> None:
        self._events.close()
        if not self.at_video:
            raise InvalidRequest("The form has no video.", errors=[FieldError(FILE, "is required")])

    def _begin_part(self, segment: MultipartSegment) -> None:
        name = decode_text(raw_header(segment.name), self._charset)
        if name != FILE:
            self._field = Field(
                name,
                is_file=segment.filename is not None,
                is_repeated=name in self._fields,
                charset=segment.charset or self._charset,
            )
        elif self.at_video:
            raise InvalidRequest("A form may have one video.", errors=[FieldError(FILE, "was given twice")])
        else:
            self._field, self.at_video = None, True
            disposition = raw_header(segment.header("Content-Disposition"))
            self.filename = read_filename(disposition, self._charset)

    def _continue_field(self, field: Field, event: bytes | None) -> None:
        if event is not None:
            field.append(event)
        elif field.name == CHARSET:
            self._charset = field.value()
        else:
            self._fields[field.name] = field.value()
