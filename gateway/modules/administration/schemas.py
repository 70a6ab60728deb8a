"""Query parameters of the administrators' lists."""

from typing import Annotated, get_args

import msgspec
from litestar.params import QueryParameter

from gateway.pagination import Cursor, Limit, OpaqueCursor
from shared.contracts.conversions import Status
from shared.contracts.dead_letters import LetterStatus

OwnerId = Annotated[
    str | None,
    QueryParameter(
        name="owner_id", pattern="^[0-9A-Za-z_-]{1,64}$", description="Only conversions of this account."
    ),
]
StatusIs = Annotated[
    str | None,
    QueryParameter(
        name="status",
        pattern=f"^({'|'.join(get_args(Status))})$",
        description="Only conversions in this state.",
    ),
]
LetterStatusIs = Annotated[
    str | None,
    QueryParameter(
        name="status",
        pattern=f"^({'|'.join(get_args(LetterStatus))})$",
        description="Only dead letters in this state.",
    ),
]
EmailPart = Annotated[
    str | None,
    QueryParameter(name="email", max_length=254, description="Only addresses that contain this text."),
]


class UserQuery(msgspec.Struct):
    """`GET /v1/admin/users`"""

    email: EmailPart = None
    cursor: OpaqueCursor = None
    limit: Limit = 20


class AuditQuery(msgspec.Struct):
    """`GET /v1/admin/audit`"""

    cursor: OpaqueCursor = None
    limit: Limit = 20


class ConversionQuery(msgspec.Struct):
    """`GET /v1/admin/conversions`"""

    owner_id: OwnerId = None
    status: StatusIs = None
    cursor: Cursor = None
    limit: Limit = 20


class DeadLetterQuery(msgspec.Struct):
    """`GET /v1/admin/dead-letters`"""

    status: LetterStatusIs = None
    cursor: Cursor = None
    limit: Limit = 20
