"""Query parameters of lists that are read page by page."""

from typing import Annotated

from litestar.params import QueryParameter

Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=100, description="Maximal number of entries.")]
Cursor = Annotated[
    str | None,
    QueryParameter(name="cursor", pattern="^[0-9a-f]{32}$", description="`next_cursor` of the page before."),
]
OpaqueCursor = Annotated[
    str | None, QueryParameter(name="cursor", max_length=200, description="`next_cursor` of the page before.")
]
