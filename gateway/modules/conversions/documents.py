"""OpenAPI: streamed bodies, ranges and signatures, which the handlers' signatures do not have."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from litestar.openapi.spec import (
    Link,
    OpenAPIFormat,
    OpenAPIHeader,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Parameter,
    Reference,
    RequestBody,
    Schema,
)

from shared.contracts.conversions import Status
from shared.contracts.media_types import CONTAINERS, UNKNOWN

BYTES = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
TEXT = Schema(type=OpenAPIType.STRING)
TAG = Schema(type=OpenAPIType.STRING, max_length=500, description="printable characters")
WHOLE = Schema(type=OpenAPIType.INTEGER)

OPTIONS: Mapping[str, Schema] = {
    "format": Schema(type=OpenAPIType.STRING, enum=["mp3", "m4a", "opus", "flac", "wav"], default="mp3"),
    "bitrate": Schema(
        type=OpenAPIType.STRING,
        pattern="^(6[4-9]|[7-9][0-9]|[12][0-9][0-9]|3[01][0-9]|320)k$",
        description="64k to 320k, within the limits of the format",
    ),
    "quality": Schema(
        type=OpenAPIType.INTEGER, minimum=0, maximum=9, description="variable bitrate, in place of bitrate"
    ),
    "sample_rate": Schema(
        type=OpenAPIType.INTEGER,
        enum=[8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000],
        description="within the limits of the format",
    ),
    "channels": Schema(type=OpenAPIType.INTEGER, enum=[1, 2]),
    "start": Schema(type=OpenAPIType.NUMBER, minimum=0, maximum=1_000_000, description="seconds"),
    "end": Schema(type=OpenAPIType.NUMBER, minimum=0, maximum=1_000_000, description="seconds"),
    "audio_track": Schema(type=OpenAPIType.INTEGER, minimum=0, maximum=199),
    "loudness": Schema(
        type=OpenAPIType.NUMBER,
        minimum=-70,
        maximum=-5,
        description="target loudness in LUFS (EBU R128), such as -16",
    ),
    "cover": Schema(
        type=OpenAPIType.STRING,
        enum=["auto", "none"],
        description="auto: the source's cover, or else a frame of its video; none: no cover; "
        "omitted: the source's cover, if it has one",
    ),
    "title": TAG,
    "artist": TAG,
    "album": TAG,
}
SOURCE = Schema(
    type=OpenAPIType.STRING, pattern="^[0-9a-f]{32}$", description="id of the conversion with the video"
)
STATUS = Schema(type=OpenAPIType.STRING, enum=list(get_args(Status)))
LIMIT = Schema(type=OpenAPIType.INTEGER, minimum=1, maximum=100, default=20)
SEARCHED = Schema(type=OpenAPIType.STRING, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")
CURSOR = Schema(type=OpenAPIType.STRING, pattern="^[0-9a-f]{32}$")

PRESET = Schema(
    type=OpenAPIType.STRING,
    max_length=64,
    description="Name of a preset, whose options are used where the request has none; empty: none, not even "
    "the default one.",
)
UPLOAD_QUERY = ("filename", "preset", *OPTIONS)
LIST_QUERY = ("status", "q", "limit", "cursor")
AUDIO_QUERY = ("expires", "signature", "series")


def in_query(name: str, schema: Schema, description: str = "") -> Parameter:
    return Parameter(name=name, param_in="query", schema=schema, required=False, description=description)


def in_header(name: str, description: str) -> Parameter:
    return Parameter(name=name, param_in="header", schema=TEXT, required=False, description=description)


# Not as keys of the content, because a generator of clients has to know each of these.
BODY_DESCRIPTION = (
    "A form with the file and options, the bytes of the file with options in the query, or JSON with options "
    "and the id of a conversion whose video is converted again: nothing is sent or stored twice. The bytes "
    "tell what the file is; these types, or none, are accepted as well: "
    + ", ".join(f"`{kind}`" for kind in sorted(CONTAINERS | UNKNOWN - {""}))
    + "."
)


def upload_body() -> RequestBody:
    multipart = Schema(
        type=OpenAPIType.OBJECT,
        required=["file"],
        properties={"file": BYTES, "preset": PRESET, **OPTIONS},
        additional_properties=False,
    )
    again = Schema(
        type=OpenAPIType.OBJECT,
        required=["source"],
        properties={"source": SOURCE, "preset": PRESET, **OPTIONS},
        additional_properties=False,
    )
    raw = OpenAPIMediaType(schema=BYTES)
    return RequestBody(
        required=True,
        description=BODY_DESCRIPTION,
        content={
            "multipart/form-data": OpenAPIMediaType(schema=multipart),
            "video/*": raw,
            "audio/*": raw,
            "application/octet-stream": raw,
            "application/json": OpenAPIMediaType(schema=again),
        },
    )


CONVERSION_ID = {"conversion_id": "$response.body#/id"}
LINKED_OPERATIONS = (
    "get_conversion",
    "audio",
    "audio_head",
    "waveform",
    "chapters",
    "change_conversion",
    "cancel_conversion",
    "retry_conversion",
    "link_audio",
    "delete_conversion",
)
IDEMPOTENCY_KEY = Parameter(
    name="Idempotency-Key",
    param_in="header",
    required=False,
    schema=Schema(type=OpenAPIType.STRING, pattern=r'^"?[A-Za-z0-9._~:/+=-]{1,255}"?$'),
    description="Repeated within 24 hours, the request stores nothing and returns the same conversion.",
)


@dataclass
class UploadOperation(Operation):
    """`POST /v1/conversions`"""

    def __post_init__(self) -> None:
        self.request_body = upload_body()
        self.parameters = [
            in_query("filename", TEXT, "Name of the file, in any charset, when the body is not a form."),
            in_query("preset", PRESET),
            *(in_query(name, schema) for name, schema in OPTIONS.items()),
            IDEMPOTENCY_KEY,
            in_header(
                "Content-Digest",
                "RFC 9530. With an Idempotency-Key, a repeated request need not send the video again.",
            ),
        ]
        accepted = (self.responses or {}).get("202")
        if isinstance(accepted, OpenAPIResponse):
            accepted.headers = {"Location": OpenAPIHeader(schema=TEXT, description="URL of the conversion.")}
            accepted.links = {
                name: Link(operation_id=name, parameters=CONVERSION_ID) for name in LINKED_OPERATIONS
            }


@dataclass
class ListOperation(Operation):
    """`GET /v1/conversions`"""

    def __post_init__(self) -> None:
        self.parameters = [
            in_query("status", STATUS, "Only conversions in this state."),
            in_query("q", SEARCHED, "Only those whose title or file name contains this, in any case."),
            in_query("limit", LIMIT, "Maximal number of entries."),
            in_query("cursor", CURSOR, "`next_cursor` of the page before."),
        ]


@dataclass
class AudioOperation(Operation):
    """`GET` and `HEAD /v1/conversions/{id}/audio`"""

    def __post_init__(self) -> None:
        self.parameters = [
            *(self.parameters or []),
            in_query("expires", WHOLE, "Of a signed link: its expiry, Unix time in seconds."),
            in_query("signature", TEXT, "Of a signed link, which needs no access token."),
            in_query("series", WHOLE, "Of a signed link that was made after links had been ended."),
            in_header("Range", "RFC 9110 §14.2"),
            in_header("If-Match", "RFC 9110 §13.1.1"),
            in_header("If-None-Match", "RFC 9110 §13.1.2"),
        ]
        # A signature takes the place of an access token, hence the empty requirement.
        self.security = [{"bearer": []}, {}]
        self.responses = {**(self.responses or {}), **AUDIO_RESPONSES}


@dataclass
class EventsOperation(Operation):
    """`GET /v1/conversions/{id}/events`"""

    def __post_init__(self) -> None:
        last = in_header("Last-Event-ID", "The `id` of the last event received; only later events are sent.")
        self.parameters = [*(self.parameters or []), last]
        self.responses = {**(self.responses or {}), **EVENT_RESPONSES}


# OpenAPI before 3.2 cannot describe the items of a stream: this is the schema of one event.
EVENT = Schema(
    type=OpenAPIType.OBJECT,
    required=["id", "event", "data"],
    properties={
        "id": Schema(type=OpenAPIType.STRING, pattern="^[0-9]+$", description="Increases with each change."),
        "event": Schema(type=OpenAPIType.STRING, enum=["progress", "completed", "failed", "cancelled"]),
        "data": Schema(
            type=OpenAPIType.STRING,
            content_media_type="application/json",
            content_schema=Reference(ref="#/components/schemas/Conversion"),
        ),
    },
)
EVENT_RESPONSES = {
    "200": OpenAPIResponse(
        description="Events (HTML Living Standard §9.2), whose `data` is the conversion as JSON.",
        content={"text/event-stream": OpenAPIMediaType(schema=EVENT)},
    ),
    "204": OpenAPIResponse(
        description="The conversion has ended and the client has received its last event."
    ),
}

AUDIO = {"audio/*": OpenAPIMediaType(schema=BYTES)}
AUDIO_RESPONSES = {
    "200": OpenAPIResponse(description="The audio", content=AUDIO),
    "206": OpenAPIResponse(description="A part of the audio", content=AUDIO),
    "304": OpenAPIResponse(description="Not modified"),
}
