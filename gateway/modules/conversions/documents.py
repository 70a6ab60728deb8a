"""The parts of the OpenAPI document that no handler's signature says: streamed bodies, ranges, signatures."""

from collections.abc import Mapping
from dataclasses import dataclass

from litestar.openapi.spec import (
    OpenAPIFormat,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Parameter,
    RequestBody,
    Schema,
)

BYTES = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
TEXT = Schema(type=OpenAPIType.STRING)
WHOLE = Schema(type=OpenAPIType.INTEGER)

OPTIONS: Mapping[str, Schema] = {
    "format": Schema(type=OpenAPIType.STRING, enum=["mp3", "m4a", "opus", "flac", "wav"], default="mp3"),
    "bitrate": Schema(
        type=OpenAPIType.STRING, pattern=r"^\d{2,3}k$", description="64k to 320k, as far as the format has it"
    ),
    "quality": Schema(type=OpenAPIType.INTEGER, minimum=0, maximum=9, description="VBR, instead of bitrate"),
    "sample_rate": WHOLE,
    "channels": Schema(type=OpenAPIType.INTEGER, enum=[1, 2]),
    "start": Schema(type=OpenAPIType.NUMBER, minimum=0, description="seconds"),
    "end": Schema(type=OpenAPIType.NUMBER, minimum=0, description="seconds"),
    "audio_track": Schema(type=OpenAPIType.INTEGER, minimum=0),
    "title": TEXT,
    "artist": TEXT,
    "album": TEXT,
}
UPLOAD_QUERY = ("filename", *OPTIONS)
LIST_QUERY = ("status", "limit", "cursor")
AUDIO_QUERY = ("expires", "signature")


def in_query(name: str, schema: Schema, description: str = "") -> Parameter:
    return Parameter(name=name, param_in="query", schema=schema, required=False, description=description)


def in_header(name: str, description: str) -> Parameter:
    return Parameter(name=name, param_in="header", schema=TEXT, required=False, description=description)


def upload_body() -> RequestBody:
    multipart = Schema(type=OpenAPIType.OBJECT, required=["file"], properties={"file": BYTES, **OPTIONS})
    raw = OpenAPIMediaType(schema=BYTES)
    return RequestBody(
        required=True,
        description="A form with the file and options, or the bytes alone with options in the query.",
        content={
            "multipart/form-data": OpenAPIMediaType(schema=multipart),
            "video/*": raw,
            "audio/*": raw,
            "application/octet-stream": raw,
        },
    )


@dataclass
class UploadOperation(Operation):
    """`POST /v1/conversions`"""

    def __post_init__(self) -> None:
        self.request_body = upload_body()
        self.parameters = [
            in_query("filename", TEXT, "Name of the file, when the body is the bytes alone."),
            *(in_query(name, schema) for name, schema in OPTIONS.items()),
        ]


@dataclass
class ListOperation(Operation):
    """`GET /v1/conversions`"""

    def __post_init__(self) -> None:
        self.parameters = [
            in_query("status", TEXT, "Only conversions in this state."),
            in_query("limit", WHOLE, "At most so many."),
            in_query("cursor", TEXT, "`next_cursor` of the page before."),
        ]


@dataclass
class AudioOperation(Operation):
    """`GET` and `HEAD /v1/conversions/{id}/audio`"""

    def __post_init__(self) -> None:
        self.parameters = [
            *(self.parameters or []),
            in_query("expires", WHOLE, "Of a signed link: Unix time in seconds."),
            in_query("signature", TEXT, "Of a signed link, which needs no token."),
            in_header("Range", "RFC 9110 §14.2"),
            in_header("If-None-Match", "RFC 9110 §13.1.2"),
        ]
        # Without a token the signature opens this call, so an empty requirement is one of two ways in.
        self.security = [{"bearer": []}, {}]
        self.responses = {**(self.responses or {}), **AUDIO_RESPONSES}


AUDIO = {"audio/*": OpenAPIMediaType(schema=BYTES)}
AUDIO_RESPONSES = {
    "200": OpenAPIResponse(description="The audio", content=AUDIO),
    "206": OpenAPIResponse(description="A part of the audio", content=AUDIO),
    "304": OpenAPIResponse(description="Not modified"),
}
