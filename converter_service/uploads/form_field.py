"""One field of a multipart form."""

from converter_service.media.option_fields import READERS
from converter_service.uploads.charsets import decode_declared
from shared.errors import FieldError, InvalidRequest

FILE = "file"
# Names the charset of the fields after it (RFC 7578 §4.6).
CHARSET = "_charset_"
MAX_FIELD_BYTES = 4 * 1024


class Field:
    """A part that holds an option. Errors show at most 64 characters of its name."""

    def __init__(self, name: str, *, is_file: bool, is_repeated: bool, charset: str | None = None) -> None:
        self.name = name
        self._charset = charset
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
        for charset in ("utf-8", self._charset):
            text = decode_declared(self._text, charset) if charset else None
            if text is not None:
                return text
        raise self._invalid("A field is no text.", "must be UTF-8")

    def _misplaced(self) -> InvalidRequest:
        """For a large part or a file under an unknown name: most likely the video."""
        return self._invalid(f"The video belongs in a part with the name {FILE}.", "is not known")

    def _invalid(self, detail: str, message: str) -> InvalidRequest:
        return InvalidRequest(detail, errors=[FieldError(self.name[:64], message)])
