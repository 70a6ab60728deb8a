"""The header fields of tus 1.0.0 (https://tus.io/protocols/resumable-upload), read and written. Pure."""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import format_datetime

from converter_service.conversions.model import Conversion, State
from converter_service.conversions.segments import PARTIAL
from converter_service.conversions.transitions.resumable import upload_of
from converter_service.tus.chunk import ALGORITHMS, Checksum
from converter_service.tus.creation import CreationRequest
from shared.errors import FieldError, InvalidRequest, PreconditionFailed, TooLarge

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,expiration,checksum,concatenation"
OFFSET_TYPE = "application/offset+octet-stream"
METADATA_BYTES = 8 * 1024
MOST_PARTS = 128
# Metadata that common clients add by themselves; ignored.
IGNORED_METADATA = frozenset({"filetype", "name", "type", "relativePath"})

WHOLE = re.compile(r"[0-9]{1,18}", re.ASCII)
KEY = re.compile(r"[!-+\--~]{1,64}", re.ASCII)
PART = re.compile(r"(?:https?://[^/\s]+)?(?:/[A-Za-z0-9._~/-]*)?/v1/uploads/(?P<id>[0-9a-f]{32})/?", re.ASCII)


class UnsupportedVersion(PreconditionFailed):
    """412: the client speaks another version of tus, or none."""

    def __init__(self) -> None:
        super().__init__(
            f"Only version {VERSION} of tus is supported; send it in Tus-Resumable.",
            headers={"Tus-Version": VERSION},
        )


def capability_headers(max_bytes: int) -> dict[str, str]:
    """The header fields of the response to OPTIONS."""
    return {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(max_bytes),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }


def upload_headers(conversion: Conversion) -> dict[str, str]:
    """The header fields that describe an upload, with the id of the conversion it has become."""
    upload = upload_of(conversion)
    fields = {
        "Upload-Offset": str(upload.offset),
        "Upload-Length": str(upload.length),
        "Upload-Metadata": upload.metadata,
        "Upload-Concat": upload.concat,
        "Cache-Control": "no-store",
    }
    if conversion.status is State.UPLOADING:
        fields["Upload-Expires"] = format_datetime(upload.expires_at.astimezone(UTC), usegmt=True)
    elif upload.is_complete:
        fields["Tonegate-Conversion-Id"] = conversion.id
    return {name: value for name, value in fields.items() if value}


def parse_creation(headers: Mapping[str, str]) -> CreationRequest:
    """Raises InvalidRequest, which names the invalid field."""
    metadata = headers.get("upload-metadata", "")
    fields = read_metadata(metadata)
    concat = headers.get("upload-concat", "")
    parts = read_concat(concat)
    name = fields.pop("filename", None) or fields.get("name")
    return CreationRequest(
        length=read_length(headers, is_final=bool(parts)),
        filename=name,
        fields={key: value for key, value in fields.items() if key not in IGNORED_METADATA},
        metadata=metadata,
        concat=concat,
        parts=parts,
    )


def read_length(headers: Mapping[str, str], *, is_final: bool) -> int | None:
    """Upload-Length in bytes; None for a final upload, which must not have it."""
    if "upload-defer-length" in headers:
        raise _invalid("Upload-Defer-Length", "is not supported: send Upload-Length")
    if is_final:
        if "upload-length" in headers:
            raise _invalid("Upload-Length", "is not allowed for a final upload")
        return None
    text = headers.get("upload-length", "")
    if text.isascii() and text.isdigit() and not WHOLE.fullmatch(text):
        raise TooLarge("Upload-Length is too large.")
    return read_whole(headers, "Upload-Length")


def read_whole(headers: Mapping[str, str], name: str) -> int:
    """The header field `name` as a number. Raises InvalidRequest."""
    text = headers.get(name.lower())
    if text is None:
        raise _invalid(name, "is required")
    if not WHOLE.fullmatch(text):
        raise _invalid(name, "must be a whole number, 0 or larger")
    return int(text)


def read_metadata(text: str) -> dict[str, str]:
    """Parses `filename dGFsay5tcDQ=,bitrate MTI4aw==`. Raises InvalidRequest, which names the invalid key."""
    if len(text) > METADATA_BYTES:
        raise _invalid("Upload-Metadata", f"must have at most {METADATA_BYTES} bytes")
    fields: dict[str, str] = {}
    for pair in text.split(",") if text else ():
        key, _, value = pair.strip().partition(" ")
        if not KEY.fullmatch(key):
            raise _invalid("Upload-Metadata", "must be pairs of a key and a base64 value, between commas")
        if key in fields:
            raise _invalid(key, "was given twice")
        fields[key] = _decoded(key, value)
    return fields


def _decoded(key: str, value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except binascii.Error:
        raise _invalid(key, "must be base64") from None
    except UnicodeDecodeError:
        raise _invalid(key, "must be UTF-8") from None


def read_concat(text: str) -> tuple[str, ...]:
    """Returns the ids in `final;` with the URLs of the parts; none in `partial`. Raises InvalidRequest."""
    if text in {"", PARTIAL}:
        return ()
    kind, _, urls = text.partition(";")
    found = [PART.fullmatch(url) for url in urls.split(" ") if url]
    ids = tuple(match["id"] for match in found if match)
    if kind != "final" or not ids or len(ids) != len(found):
        raise _invalid("Upload-Concat", "must be partial, or final; and the URLs of uploads")
    if len(set(ids)) != len(ids):
        raise _invalid("Upload-Concat", "names a part twice")
    if len(ids) > MOST_PARTS:
        raise _invalid("Upload-Concat", f"must name at most {MOST_PARTS} parts")
    return ids


def read_checksum(text: str | None) -> Checksum | None:
    """Parses `sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=`. Raises InvalidRequest."""
    if text is None:
        return None
    algorithm, _, value = text.partition(" ")
    if algorithm not in ALGORITHMS:
        raise _invalid("Upload-Checksum", f"must be made with one of {', '.join(ALGORITHMS)}")
    try:
        return Checksum(algorithm, base64.b64decode(value, validate=True))
    except binascii.Error:
        raise _invalid("Upload-Checksum", "must be base64") from None


def _invalid(field: str, message: str) -> InvalidRequest:
    return InvalidRequest(f"{field} {message}.", errors=[FieldError(field, message)])
