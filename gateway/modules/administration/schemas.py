"""Bodies and queries of the administrators' calls."""

from typing import Annotated, Literal, get_args

import msgspec
from litestar.params import QueryParameter

from gateway.clients.conversions import Status
from gateway.clients.dead_letters import LetterStatus

HEX_ID = "^[0-9a-f]{32}$"
Role = Literal["user", "admin"]

Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=100, description="At most so many.")]
Cursor = Annotated[
    str | None, QueryParameter(name="cursor", max_length=200, description="`next_cursor` of the page before.")
]
IdCursor = Annotated[
    str | None,
    QueryParameter(name="cursor", pattern=HEX_ID, description="`next_cursor` of the page before."),
]
OwnerId = Annotated[
    str | None,
    QueryParameter(
        name="owner_id", pattern="^[0-9A-Za-z_-]{1,64}$", description="Only those of this account."
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
        description="Only dead letters of which this has become.",
    ),
]
EmailPart = Annotated[
    str | None, QueryParameter(name="email", max_length=254, description="A part of the address.")
]


class ChangeUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays as it is."""

    roles: Annotated[list[Role], msgspec.Meta(min_length=1, max_length=10)] | msgspec.UnsetType = (
        msgspec.UNSET
    )
    disabled: bool | msgspec.UnsetType = msgspec.UNSET
