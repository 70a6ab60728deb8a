"""OpenAPI: the header fields of tus, which the handlers' signatures do not have."""

from collections.abc import Sequence
from dataclasses import dataclass

from litestar.openapi.spec import (
    Example,
    Link,
    OpenAPIHeader,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Parameter,
    RequestBody,
    Schema,
)
from litestar.openapi.spec.enums import OpenAPIFormat

SIZE = "Size of the video in bytes. Required except with `Upload-Defer-Length`, and for `final`."
TEXT = Schema(type=OpenAPIType.STRING)
BYTES = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
COUNT = Schema(type=OpenAPIType.INTEGER, minimum=0)
DEFERRED = Schema(type=OpenAPIType.INTEGER, enum=[1])
VERSION = Schema(type=OpenAPIType.STRING, enum=["1.0.0"])

RESPONSE_HEADERS = {
    "Upload-Offset": (COUNT, "Number of bytes stored."),
    "Upload-Length": (COUNT, "Size of the video in bytes."),
    "Upload-Defer-Length": (DEFERRED, "Until the size of the video is known, in place of `Upload-Length`."),
    "Upload-Expires": (
        TEXT,
        "When the incomplete upload is deleted unless bytes are appended (RFC 9110 §5.6.7).",
    ),
    "Upload-Metadata": (TEXT, "As in the request that created the upload."),
    "Upload-Concat": (TEXT, "As in the request that created the upload."),
    "Tonegate-Conversion-Id": (TEXT, "Id of the conversion of the complete upload."),
    "Location": (TEXT, "URL of the upload."),
    "Tus-Version": (TEXT, "1.0.0"),
    "Tus-Extension": (TEXT, "Supported extensions of tus."),
    "Tus-Max-Size": (COUNT, "The largest video, in bytes."),
    "Tus-Checksum-Algorithm": (TEXT, "For `Upload-Checksum`."),
}
STATE = ("Upload-Offset", "Upload-Length", "Upload-Defer-Length", "Upload-Expires", "Tonegate-Conversion-Id")
SENT = ("Upload-Metadata", "Upload-Concat")
ABILITIES = ("Tus-Version", "Tus-Extension", "Tus-Max-Size", "Tus-Checksum-Algorithm")

UPLOAD_ID = {"upload_id": "$response.header.Location#regex:/v1/uploads/(.+)"}
RESUMABLE = Parameter(name="Tus-Resumable", param_in="header", required=True, schema=VERSION)
IDEMPOTENCY_KEY = Parameter(
    name="Idempotency-Key",
    param_in="header",
    required=False,
    schema=Schema(type=OpenAPIType.STRING, pattern=r'^"?[A-Za-z0-9._~:/+=-]{1,255}"?$'),
    description="Repeated within 24 hours, the request has no effect and returns the same upload.",
)
CHECKSUM = Parameter(
    name="Upload-Checksum",
    param_in="header",
    required=False,
    schema=Schema(type=OpenAPIType.STRING, pattern="^(sha1|sha256|sha512|md5) [A-Za-z0-9+/]+={0,2}$"),
    description="Algorithm and base64 checksum of this request's bytes; on a mismatch none are stored.",
)
OVERRIDE = Parameter(
    name="X-HTTP-Method-Override",
    param_in="header",
    required=False,
    schema=Schema(type=OpenAPIType.STRING, enum=["PATCH"]),
    description="For clients that cannot send PATCH.",
)


def in_header(name: str, schema: Schema, description: str, *, required: bool = False) -> Parameter:
    return Parameter(name=name, param_in="header", schema=schema, required=required, description=description)


def body(*, required: bool) -> RequestBody:
    return RequestBody(
        required=required,
        description="The next bytes of the video.",
        content={"application/offset+octet-stream": OpenAPIMediaType(schema=BYTES)},
    )


def document_headers(operation: Operation, status: str, names: Sequence[str]) -> OpenAPIResponse:
    """Documents the header fields `names` of the response `status`, and returns that response."""
    responses = operation.responses = dict(operation.responses or {})
    if status != "200":
        responses.pop("200", None)  # added by Litestar, which allows 204 only for handlers that return None
    answer = responses[status]
    if not isinstance(answer, OpenAPIResponse):
        raise TypeError(f"{status} is a reference")
    answer.headers = {
        name: OpenAPIHeader(schema=schema, description=text)
        for name, (schema, text) in RESPONSE_HEADERS.items()
        if name in names
    }
    return answer


@dataclass
class TusOperation(Operation):
    """An operation with the required Tus-Resumable field: all but OPTIONS."""

    def __post_init__(self) -> None:
        self.parameters = [*(self.parameters or []), RESUMABLE]


@dataclass
class CreationOperation(TusOperation):
    """`POST /v1/uploads`"""

    def __post_init__(self) -> None:
        super().__post_init__()
        metadata = Schema(type=OpenAPIType.STRING, max_length=8192)
        description = (
            "`filename` and options: comma-separated pairs of a name and its value in base64. "
            "Other names are ignored."
        )
        described = in_header("Upload-Metadata", metadata, description)
        described.examples = {"mono": Example(value="filename dGFsay5tcDQ=,channels MQ==")}
        length = Schema(type=OpenAPIType.INTEGER, minimum=1)
        self.parameters = [
            *(self.parameters or []),
            in_header("Upload-Length", length, SIZE),
            in_header("Upload-Defer-Length", DEFERRED, "1: the size is sent later, with the last bytes."),
            described,
            in_header("Upload-Concat", TEXT, "`partial`, or `final;` and the URLs of the partial uploads."),
            CHECKSUM,
            IDEMPOTENCY_KEY,
        ]
        self.request_body = body(required=False)
        created = document_headers(self, "201", ("Location", *STATE, *SENT))
        following = ("upload_state", "terminate_upload")
        created.links = {name: Link(operation_id=name, parameters=UPLOAD_ID) for name in following}


@dataclass
class StateOperation(TusOperation):
    """`HEAD /v1/uploads/{upload_id}`"""

    def __post_init__(self) -> None:
        super().__post_init__()
        document_headers(self, "200", (*STATE, *SENT))


@dataclass
class AppendOperation(TusOperation):
    """`PATCH /v1/uploads/{upload_id}`"""

    def __post_init__(self) -> None:
        super().__post_init__()
        offset = in_header("Upload-Offset", COUNT, "Offset of the first of these bytes.", required=True)
        length = Schema(type=OpenAPIType.INTEGER, minimum=1)
        declared = in_header("Upload-Length", length, "Size of the video in bytes, if it was deferred.")
        self.parameters = [*(self.parameters or []), offset, declared, CHECKSUM, OVERRIDE]
        self.request_body = body(required=True)
        document_headers(self, "204", (*STATE, *SENT))


@dataclass
class AbilitiesOperation(Operation):
    """`OPTIONS /v1/uploads`"""

    def __post_init__(self) -> None:
        document_headers(self, "204", ABILITIES)
