"""The header fields that create an upload: Upload-Length, Upload-Metadata and Upload-Concat (tus 1.0.0)."""

import base64
import binascii
import re
from collections.abc import Mapping

from converter_service.conversions.segments import PARTIAL
from converter_service.media.option_fields import READERS
from converter_service.presets.service import PRESET
from converter_service.tus.creation import CreationRequest
from converter_service.tus.header_fields import WHOLE, invalid_field, read_whole
from converter_service.uploads.charsets import decode_text
from shared.errors import TooLarge

METADATA_BYTES = 8 * 1024
MOST_PARTS = 128
# `name` is what Uppy calls the file.
FILENAME, NAME = "filename", "name"
KEY = re.compile(r"[!-+\--~]+", re.ASCII)
PART = re.compile(r"(?:https?://[^/\s]+)?(?:/[A-Za-z0-9._~/-]*)?/v1/uploads/(?P<id>[0-9a-f]{32})/?", re.ASCII)


def parse_creation(headers: Mapping[str, str]) -> CreationRequest:
    """Raises InvalidRequest, which names the invalid field."""
    metadata = headers.get("upload-metadata", "")
    fields = dict(read_metadata(metadata))
    concat = headers.get("upload-concat", "")
    parts = read_concat(concat)
    filename, name = fields.pop(FILENAME, None), fields.pop(NAME, None)
    return CreationRequest(
        length=read_length(headers, is_final=bool(parts)),
        filename=filename or name,
        fields=fields,
        metadata=metadata,
        concat=concat,
        parts=parts,
    )


def read_length(headers: Mapping[str, str], *, is_final: bool) -> int | None:
    """Upload-Length in bytes; None if it is deferred, and for a final upload, which has neither field."""
    if is_final:
        for name in ("Upload-Length", "Upload-Defer-Length"):
            if name.lower() in headers:
                raise invalid_field(name, "is not allowed for a final upload")
        return None
    if "upload-defer-length" not in headers:
        return read_declared_length(headers)
    if headers["upload-defer-length"] != "1":
        raise invalid_field("Upload-Defer-Length", "must be 1")
    if "upload-length" in headers:
        raise invalid_field("Upload-Defer-Length", "is not allowed with Upload-Length")
    return None


def read_declared_length(headers: Mapping[str, str]) -> int:
    """Upload-Length in bytes. Raises InvalidRequest, and TooLarge for a number that nothing can have."""
    text = headers.get("upload-length", "")
    if text.isascii() and text.isdigit() and not WHOLE.fullmatch(text):
        raise TooLarge("Upload-Length is too large.")
    return read_whole(headers, "Upload-Length")


def read_metadata(text: str) -> Mapping[str, str]:
    """File name, preset and options in `filename dGFsay5tcDQ=,bitrate MTI4aw==`.

    Other keys and their values are ignored: clients add some by themselves, such as `relativePath` and
    `lastModified`. Raises InvalidRequest, which names the invalid key.
    """
    if len(text) > METADATA_BYTES:
        raise invalid_field("Upload-Metadata", f"must have at most {METADATA_BYTES} bytes")
    fields: dict[str, str] = {}
    for pair in text.split(",") if text else ():
        key, _, value = pair.strip().partition(" ")
        if not KEY.fullmatch(key):
            raise invalid_field(
                "Upload-Metadata", "must be pairs of a key and a base64 value, between commas"
            )
        if key in fields:
            raise invalid_field(key, "was given twice")
        if key in READERS or key in {FILENAME, NAME, PRESET}:
            fields[key] = _decoded(key, value)
    return fields


def _decoded(key: str, value: str) -> str:
    """The name of a file may be in any charset."""
    try:
        decoded = base64.b64decode(value, validate=True)
        return decode_text(decoded) if key in {FILENAME, NAME} else decoded.decode()
    except binascii.Error:
        raise invalid_field(key, "must be base64") from None
    except UnicodeDecodeError:
        raise invalid_field(key, "must be UTF-8") from None


def read_concat(text: str) -> tuple[str, ...]:
    """Returns the ids in `final;` with the URLs of the parts; none in `partial`. Raises InvalidRequest."""
    if text in {"", PARTIAL}:
        return ()
    kind, _, urls = text.partition(";")
    found = [PART.fullmatch(url) for url in urls.split(" ") if url]
    ids = tuple(match["id"] for match in found if match)
    if kind != "final" or not ids or len(ids) != len(found):
        raise invalid_field("Upload-Concat", "must be partial, or final; and the URLs of uploads")
    if len(set(ids)) != len(ids):
        raise invalid_field("Upload-Concat", "names a part twice")
    if len(ids) > MOST_PARTS:
        raise invalid_field("Upload-Concat", f"must name at most {MOST_PARTS} parts")
    return ids
