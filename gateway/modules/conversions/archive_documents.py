"""OpenAPI of archives: the list of ids in the query, and the streamed ZIP."""

from dataclasses import dataclass

from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, OpenAPIType, Operation, Parameter, Schema

from gateway.modules.conversions.documents import AUDIO_QUERY, BYTES, TEXT, WHOLE, in_query

ARCHIVE_QUERY = ("ids", *AUDIO_QUERY)
ID_LIST = Schema(
    type=OpenAPIType.STRING, pattern="^[0-9A-Za-z_-]{1,64}(,[0-9A-Za-z_-]{1,64})*$", max_length=6499
)
ID_LIST_TEXT = "Ids of completed conversions, separated by commas; at most 100."


@dataclass
class ArchiveOperation(Operation):
    """`GET /v1/conversions/archive`"""

    def __post_init__(self) -> None:
        self.parameters = [
            Parameter(name="ids", param_in="query", schema=ID_LIST, required=True, description=ID_LIST_TEXT),
            in_query("expires", WHOLE, "Of a signed link: its expiry, Unix time in seconds."),
            in_query("signature", TEXT, "Of a signed link, which needs no access token."),
            in_query("series", TEXT, "Of a signed link."),
        ]
        self.security = [{"bearer": []}, {}]
        zipped = {"application/zip": OpenAPIMediaType(schema=BYTES)}
        self.responses = {
            **(self.responses or {}),
            "200": OpenAPIResponse(description="The archive", content=zipped),
        }
