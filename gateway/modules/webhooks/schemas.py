"""Query parameters of the list of deliveries."""

from typing import Annotated

import msgspec
from litestar.params import QueryParameter

from gateway.pagination import Cursor, Limit
from shared.contracts.webhooks import STATUSES

# A pattern instead of a Literal, which would accept the text `null` as None.
StatusIs = Annotated[
    str | None,
    QueryParameter(
        name="status",
        pattern=f"^({'|'.join(STATUSES)})$",
        description=f"Only deliveries that are {', '.join(STATUSES[:-1])} or {STATUSES[-1]}.",
    ),
]


class DeliveryQuery(msgspec.Struct):
    """`GET /v1/webhooks/{webhook_id}/deliveries`"""

    status: StatusIs = None
    cursor: Cursor = None
    limit: Limit = 20
