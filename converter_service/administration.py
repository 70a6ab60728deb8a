"""What administrators see of everybody's conversions. The role is asked of the token itself."""

from typing import Annotated

from litestar import Controller, get
from litestar.params import QueryParameter

from converter_service.access import administrators_only
from converter_service.controllers import Cursor, Limit, Status
from converter_service.conversion import State
from converter_service.schemas import ManagedPage, managed_page
from converter_service.service import Conversions
from shared.http import Injected

OwnerId = Annotated[str | None, QueryParameter(name="owner_id", pattern=r"^[0-9A-Za-z_-]{1,64}$")]


class ManagedConversionController(Controller):
    path = "/v1/admin/conversions"
    tags = ("administration",)
    guards = (administrators_only,)

    @get("/", summary="Everybody's conversions, newest first")
    async def list_all(
        self,
        conversions: Injected[Conversions],
        owner_id: OwnerId = None,
        status: Status = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> ManagedPage:
        wanted = None if status is None else State(status)
        return managed_page(await conversions.everybodys(owner_id, wanted, cursor, limit + 1), limit)
