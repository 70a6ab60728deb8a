"""The parts of the OpenAPI document that no handler's signature says: tus speaks in header fields."""

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

TEXT = Schema(type=OpenAPIType.STRING)
BYTES = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
COUNT = Schema(type=OpenAPIType.INTEGER, minimum=0)
VERSION = Schema(type=OpenAPIType.STRING, enum=["1.0.0"])

FIELDS = {
    "Upload-Offset": (COUNT, "So many bytes are stored, from the first on."),
    "Upload-Length": (COUNT, "So many bytes the video has."),
    "Upload-Expires": (TEXT, "When an upload that nobody goes on with is removed (RFC 9110 §5.6.7)."),
    "Upload-Metadata": (TEXT, "As it was sent."),
    "Upload-Concat": (TEXT, "As it was sent."),
    "Tonegate-Conversion-Id": (TEXT, "The conversion that the complete upload has become."),
    "Location": (TEXT, "Where the upload is from now on."),
    "Tus-Version": (TEXT, "1.0.0"),
    "Tus-Extension": (TEXT, "What is offered besides the core protocol."),
    "Tus-Max-Size": (COUNT, "The largest video, in bytes."),
    "Tus-Checksum-Algorithm": (TEXT, "For `Upload-Checksum`."),
}
STATE = ("Upload-Offset", "Upload-Length", "Upload-Expires", "Tonegate-Conversion-Id")
SENT = ("Upload-Metadata", "Upload-Concat")
ABILITIES = ("Tus-Version", "Tus-Extension", "Tus-Max-Size", "Tus-Checksum-Algorithm")

IT = {"upload_id": "$response.header.Location#regex:/v1/uploads/(.+)"}
RESUMABLE = Parameter(name="Tus-Resumable", param_in="header", required=True, schema=VERSION)
IDEMPOTENCY_KEY = Parameter(
    name="Idempotency-Key",
    param_in="header",
    required=False,
    schema=Schema(type=OpenAPIType.STRING, pattern=r'^"?[A-Za-z0-9._~:/+=-]{1,255}"?$'),
    description="The same key again within 24 hours gives the same upload.",
)
CHECKSUM = Parameter(
    name="Upload-Checksum",
    param_in="header",
    required=False,
    schema=Schema(type=OpenAPIType.STRING, pattern="^(sha1|sha256|sha512|md5) [A-Za-z0-9+/]+={0,2}$"),
    description="Algorithm and base64 of this request's bytes, which count all or not at all then.",
)
OVERRIDE = Parameter(
    name="X-HTTP-Method-Override",
    param_in="header",
    required=False,
    schema=Schema(type=OpenAPIType.STRING, enum=["PATCH"]),
    description="For clients that cannot send the method itself.",
)


def in_header(name: str, schema: Schema, description: str, *, required: bool = False) -> Parameter:
    return Parameter(name=name, param_in="header", schema=schema, required=required, description=description)


def body(*, required: bool) -> RequestBody:
    return RequestBody(
        required=required,
        description="The video's next bytes.",
        content={"application/offset+octet-stream": OpenAPIMediaType(schema=BYTES)},
    )


def tell(operation: Operation, status: str, names: Sequence[str]) -> OpenAPIResponse:
    """Says which fields an answer has."""
    responses = operation.responses = dict(operation.responses or {})
    if status != "200":
        responses.pop("200", None)  # the framework's guess: it takes 204 for handlers that return nothing
    answer = responses[status]
    if not isinstance(answer, OpenAPIResponse):
        raise TypeError(f"{status} is a reference")
    answer.headers = {
        name: OpenAPIHeader(schema=schema, description=words)
        for name, (schema, words) in FIELDS.items()
        if name in names
    }
    return answer


@dataclass
class TusOperation(Operation):
    """Every call but OPTIONS says which version of the protocol it speaks."""

    def __post_init__(self) -> None:
        self.parameters = [*(self.parameters or []), RESUMABLE]


@dataclass
class CreationOperation(TusOperation):
    """`POST /v1/uploads`"""

    def __post_init__(self) -> None:
        super().__post_init__()
        metadata = Schema(type=OpenAPIType.STRING, max_length=8192)
        said = "`filename` and options as pairs of a name and its value in base64, between commas."
        described = in_header("Upload-Metadata", metadata, said)
        described.examples = {"mono": Example(value="filename dGFsay5tcDQ=,channels MQ==")}
        length = Schema(type=OpenAPIType.INTEGER, minimum=1)
        self.parameters = [
            *(self.parameters or []),
            in_header("Upload-Length", length, "So many bytes the video has. Required but for `final`."),
            described,
            in_header("Upload-Concat", TEXT, "`partial`, or `final;` and the URLs of partial uploads."),
            CHECKSUM,
            IDEMPOTENCY_KEY,
        ]
        self.request_body = body(required=False)
        begun = tell(self, "201", ("Location", *STATE, *SENT))
        following = ("upload_state", "terminate_upload")
        begun.links = {name: Link(operation_id=name, parameters=IT) for name in following}


@dataclass
class StateOperation(TusOperation):
    """`HEAD /v1/uploads/{upload_id}`"""

    def __post_init__(self) -> None:
        super().__post_init__()
        tell(self, "200", (*STATE, *SENT))


@dataclass
class AppendOperation(TusOperation):
    """`PATCH /v1/uploads/{upload_id}`"""

    def __post_init__(self) -> None:
        super().__post_init__()
        offset = in_header("Upload-Offset", COUNT, "Where these bytes begin.", required=True)
        self.parameters = [*(self.parameters or []), offset, CHECKSUM, OVERRIDE]
        self.request_body = body(required=True)
        tell(self, "204", (*STATE, *SENT))


@dataclass
class AbilitiesOperation(Operation):
    """`OPTIONS /v1/uploads`"""

    def __post_init__(self) -> None:
        tell(self, "204", ABILITIES)
