"""A request body that is the video, with the options in the query string."""

from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from litestar.datastructures import MultiDict

from converter_service.uploads.body_reader import BodyReader
from converter_service.uploads.charsets import decode_text
from shared.errors import FieldError, InvalidRequest

MAX_QUERY_FIELDS = 32
FILENAME = "filename"


class RawVideo:
    """The body is the video; its name and its options are query parameters."""

    def __init__(
        self, query: MultiDict[str], query_string: bytes, body: BodyReader, sha256: str | None
    ) -> None:
        self._fields = single_values(query)
        self._fields.pop(FILENAME, None)
        self.filename = read_filename(query_string)
        self.body = body
        self.announced_size, self.announced_sha256 = body.declared_length, sha256

    async def fields(self) -> Mapping[str, str]:
        return self._fields


def read_filename(query_string: bytes) -> str | None:
    """The query parameter `filename`, whose bytes may be in any charset."""
    pairs = (pair.partition(b"=") for pair in query_string.replace(b"+", b" ").split(b"&"))
    given = (value for name, _, value in pairs if unquote_to_bytes(name) == FILENAME.encode())
    return next((decode_text(unquote_to_bytes(value)) for value in given), None)


def refuse_query(
    query: MultiDict[str],
    why: str = "With a form, options are fields of the form.",
    place: str = "the form",
) -> None:
    """Raises InvalidRequest for query parameters beside options in the body, which would have no effect."""
    if query:
        errors = [FieldError(name[:64], f"belongs in {place}") for name in sorted(query)]
        raise InvalidRequest(why, errors=errors)


def single_values(query: MultiDict[str]) -> dict[str, str]:
    """Raises InvalidRequest for a parameter that is given twice."""
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
