"""Queries of the calls about webhooks."""

from typing import Annotated

from litestar.params import QueryParameter

from shared.contracts.webhooks import STATUSES

Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=100, description="At most so many.")]
Cursor = Annotated[
    str | None,
    QueryParameter(name="cursor", pattern=r"^[0-9a-f]{32}$", description="`next_cursor` of the page before."),
]
# Not as a Literal: the text `null` would be taken for none.
StatusIs = Annotated[
    str | None,
    QueryParameter(
        name="status",
        pattern=f"^({'|'.join(STATUSES)})$",
        description=f"Only those that are {', '.join(STATUSES[:-1])} or {STATUSES[-1]}.",
    ),
]
