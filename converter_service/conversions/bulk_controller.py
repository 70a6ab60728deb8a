"""The route of one action on several conversions."""

from typing import Any

from litestar import Controller, Request, post
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK

from converter_service.conversions.bulk import BulkCommands
from converter_service.conversions.public_paths import PublicPaths
from converter_service.conversions.schemas import BulkOutcomes, bulk_outcome
from shared.contracts.conversions import BulkRequest
from shared.http import Injected
from shared.identity.principal import Principal

Call = Request[Principal, Any, Any]


class BulkController(Controller):
    path = "/v1/conversions/bulk"
    tags = ("conversions",)

    @post("/", status_code=HTTP_200_OK, summary="Delete, retry or cancel several conversions")
    async def bulk(
        self,
        request: Call,
        data: JSONBody[BulkRequest],
        bulk_commands: Injected[BulkCommands],
        paths: Injected[PublicPaths],
    ) -> BulkOutcomes:
        outcomes = await bulk_commands.perform(request.user, data.ids, data.action)
        return BulkOutcomes([bulk_outcome(each, paths) for each in outcomes])
