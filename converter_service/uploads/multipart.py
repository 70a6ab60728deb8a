"""Incremental parser of a multipart form (RFC 7578) with a video in a part `file` and options around it."""

from collections.abc import Iterator, Mapping

from multipart import MultipartSegment, parse_options_header  # type: ignore[import-untyped]

from converter_service.media.option_fields import READERS
from converter_service.uploads.body_reader import BodyReader, Framing
from converter_service.uploads.filenames import name_in_disposition
from converter_service.uploads.multipart_events import FormEvents
from shared.errors import FieldError, InvalidRequest

FILE = "file"
MAX_FIELD_BYTES = 4 * 1024
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

    def __init__(self, boundary: str, body: BodyReader) -> None:
        if not 0 < len(boundary) <= MAX_BOUNDARY:
            raise InvalidRequest("The multipart boundary is missing or too long.")
        self.body = body
        body.frame(self)
        self.at_video = False
        self.filename: str | None = None
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
        name = segment.name or ""
        if name != FILE:
            self._field = Field(name, is_file=segment.filename is not None, is_repeated=name in self._fields)
        elif self.at_video:
            raise InvalidRequest("A form may have one video.", errors=[FieldError(FILE, "was given twice")])
        else:
            self._field, self.at_video = None, True
            disposition = segment.header("Content-Disposition") or ""
            self.filename = name_in_disposition(disposition, segment.filename)

    def _continue_field(self, field: "Field", event: bytes | None) -> None:
        if event is None:
            self._fields[field.name] = field.value()
        else:
            field.append(event)


class Field:
    """A part that holds an option. Errors show at most 64 characters of its name."""

    def __init__(self, name: str, *, is_file: bool, is_repeated: bool) -> None:
        self.name = name
        self._text = b""
        if is_repeated:
            raise self._invalid("A field was given twice.", "was given twice")
        if is_file and name not in READERS:
            raise self._misplaced()

    def append(self, text: bytes) -> None:
        self._text += text
        if len(self._text) > MAX_FIELD_BYTES:
            too_long = self._invalid("A field is too long.", "is too long")
            raise too_long if self.name in READERS else self._misplaced()

    def value(self) -> str:
        try:
            return self._text.decode()
        except UnicodeDecodeError:
            raise self._invalid("A field is no text.", "must be UTF-8") from None

    def _misplaced(self) -> InvalidRequest:
        """For a large part or a file under an unknown name: most likely the video."""
        return self._invalid(f"The video belongs in a part with the name {FILE}.", "is not known")

    def _invalid(self, detail: str, message: str) -> InvalidRequest:
        return InvalidRequest(detail, errors=[FieldError(self.name[:64], message)])
