"""The version, response header fields and checksums of tus 1.0.0 (https://tus.io/protocols/resumable-upload)."""

import base64
import binascii
from datetime import UTC
from email.utils import format_datetime

from converter_service.conversions.model import Conversion, State
from converter_service.conversions.transitions.resumable import upload_of
from converter_service.tus.chunk import ALGORITHMS, Checksum
from converter_service.tus.header_fields import invalid_field
from shared.errors import PreconditionFailed

VERSION = "1.0.0"
EXTENSIONS = (
    "creation,creation-with-upload,creation-defer-length,termination,expiration,checksum,concatenation"
)
OFFSET_TYPE = "application/offset+octet-stream"


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
        "Upload-Length": "" if upload.length is None else str(upload.length),
        "Upload-Defer-Length": "1" if upload.length is None else "",
        "Upload-Metadata": upload.metadata,
        "Upload-Concat": upload.concat,
        "Cache-Control": "no-store",
    }
    if conversion.status is State.UPLOADING:
        fields["Upload-Expires"] = format_datetime(upload.expires_at.astimezone(UTC), usegmt=True)
    elif upload.is_complete:
        fields["Tonegate-Conversion-Id"] = conversion.id
    return {name: value for name, value in fields.items() if value}


def read_checksum(text: str | None) -> Checksum | None:
    """Parses `sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=`. Raises InvalidRequest."""
    if text is None:
        return None
    algorithm, _, value = text.partition(" ")
    if algorithm not in ALGORITHMS:
        raise invalid_field("Upload-Checksum", f"must be made with one of {', '.join(ALGORITHMS)}")
    try:
        return Checksum(algorithm, base64.b64decode(value, validate=True))
    except binascii.Error:
        raise invalid_field("Upload-Checksum", "must be base64") from None
