"""Bodies and queries of the administrators' calls."""

from typing import Annotated, Literal

import msgspec
from litestar.params import QueryParameter

Role = Literal["user", "admin"]

Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=100, description="At most so many.")]
Cursor = Annotated[
    str | None, QueryParameter(name="cursor", max_length=200, description="`next_cursor` of the page before.")
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
