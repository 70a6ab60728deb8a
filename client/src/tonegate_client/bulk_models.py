"""Bodies of responses about several conversions at once, with the names of the OpenAPI document."""

import msgspec

from tonegate_client.models import Conversion


class BulkError(msgspec.Struct, frozen=True, kw_only=True):
    """Why one of several conversions was left as it is; `retry_after` is in seconds."""

    code: str
    detail: str
    retry_after: int | None = None


class BulkResult(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome for one of several conversions; `status` is that of the single call."""

    id: str
    status: int
    conversion: Conversion | None = None
    error: BulkError | None = None


class BulkAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An outcome for each conversion, in the order of the request."""

    items: list[BulkResult]
