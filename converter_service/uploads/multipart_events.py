"""Events of the multipart parser, piece by piece, with its errors mapped and its gaps bounded."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
)

from converter_service.errors import UploadBroken
from shared.errors import InvalidRequest

MAX_PARTS = 32
MAX_HEADER_BYTES = 8 * 1024
MAX_HEADERS = 8
# Before the first part and after the last one.
OUTSIDE_BYTES = 16 * 1024
# Maps each byte to one character. The charset of a header is known only when it is read (`raw_header`).
HEADER_CHARSET = "iso-8859-1"

Event: TypeAlias = MultipartSegment | bytes | None


class FormEvents:
    """The parser's events, one body piece at a time. The bytes outside the parts are bounded.

    A part gives a MultipartSegment, then its bytes, then None. Raises UploadBroken for a malformed body, and
    InvalidRequest for too many parts or too long headers.
    """

    def __init__(self, boundary: str) -> None:
        with _parser_errors():
            self._parser = PushMultipartParser(
                boundary,
                max_header_size=MAX_HEADER_BYTES,
                max_header_count=MAX_HEADERS,
                max_segment_count=MAX_PARTS,
                header_charset=HEADER_CHARSET,
            )
        self._delimiter = b"--" + boundary.encode()
        self._outside = True
        self._outside_bytes = 0

    def parse(self, piece: bytes) -> Iterator[Event]:
        silent = True
        with _parser_errors():
            for event in self._parser.parse(piece):
                if self._outside and silent:
                    _check_outside(self._outside_bytes + max(0, piece.find(self._delimiter)))
                self._outside, silent = event is None, False
                yield event
        if self._outside:
            after = len(piece) if silent else self._after_last_boundary(piece)
            self._outside_bytes = self._outside_bytes + after if silent else after
            _check_outside(self._outside_bytes)

    def _after_last_boundary(self, piece: bytes) -> int:
        """How many bytes of `piece` follow the last boundary; all, when the boundary began before `piece`."""
        return len(piece) - 1 - piece.rfind(self._delimiter)

    def close(self) -> None:
        with _parser_errors():
            self._parser.close()


def raw_header(text: str | None) -> bytes:
    """The bytes of a header's text, as received."""
    return (text or "").encode(HEADER_CHARSET)


def _check_outside(size: int) -> None:
    """Raises UploadBroken: the parser itself would skip any number of bytes outside the parts."""
    if size > OUTSIDE_BYTES:
        raise UploadBroken("There is too much outside the parts of the form.")


@contextmanager
def _parser_errors() -> Iterator[None]:
    """Maps the parser's errors to InvalidRequest and UploadBroken."""
    try:
        yield
    except ParserLimitReached:
        raise InvalidRequest("The form has too many parts, or too long headers.") from None
    except MultipartError:
        raise UploadBroken("The multipart body is malformed or incomplete.") from None
