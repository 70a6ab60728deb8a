"""Routes for administrators: the overview, the conversions of all accounts, and dead letters."""

from typing import Annotated

from litestar import Controller, Response, delete, get, post
from litestar.params import FromPath, QueryParameter
from litestar.status_codes import HTTP_200_OK

from converter_service.access import administrators_only
from converter_service.conversions.controller import Call, Cursor, Limit, Status
from converter_service.conversions.model import State
from converter_service.conversions.public_paths import PublicPaths
from converter_service.conversions.schemas import ManagedPage, managed_page
from converter_service.conversions.service import Conversions
from converter_service.dead_letters.model import DeadLetterStatus
from converter_service.dead_letters.schemas import dead_letter_page, detail
from converter_service.dead_letters.service import DeadLetterService
from converter_service.overview import Overviews
from shared.contracts.dead_letters import DeadLetterPage, WholeDeadLetter
from shared.contracts.overview import Overview
from shared.http import Injected

StatusIs = Annotated[str | None, QueryParameter(name="status", pattern=f"^({'|'.join(DeadLetterStatus)})$")]
OwnerId = Annotated[str | None, QueryParameter(name="owner_id", pattern=r"^[0-9A-Za-z_-]{1,64}$")]


class OverviewController(Controller):
    path = "/v1/admin/overview"
    tags = ("administration",)
    guards = (administrators_only,)

    @get("/", summary="The queue, and the last 24 hours")
    async def overview(self, overviews: Injected[Overviews]) -> Overview:
        return await overviews.now()


class ManagedConversionController(Controller):
    path = "/v1/admin/conversions"
    tags = ("administration",)
    guards = (administrators_only,)

    @get("/", summary="List the conversions of all accounts, newest first")
    async def list_all(
        self,
        conversions: Injected[Conversions],
        paths: Injected[PublicPaths],
        *,
        owner_id: OwnerId = None,
        status: Status = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> ManagedPage:
        wanted = None if status is None else State(status)
        return managed_page(await conversions.page(owner_id, wanted, cursor, limit + 1), limit, paths)


class DeadLetterController(Controller):
    path = "/v1/admin/dead-letters"
    tags = ("administration",)
    guards = (administrators_only,)

    @get("/", summary="List dead letters, newest first")
    async def list_all(
        self,
        dead_letter_service: Injected[DeadLetterService],
        status: StatusIs = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> DeadLetterPage:
        wanted = None if status is None else DeadLetterStatus(status)
        return dead_letter_page(await dead_letter_service.page(wanted, cursor, limit + 1), limit)

    @get("/{dead_letter_id:str}", summary="Get a dead letter with its message and its history")
    async def one(
        self, dead_letter_id: FromPath[str], dead_letter_service: Injected[DeadLetterService]
    ) -> Response[WholeDeadLetter]:
        found = await dead_letter_service.get(dead_letter_id)
        return Response(detail(found), headers={"Cache-Control": "no-store"})

    @post(
        "/{dead_letter_id:str}/replay", status_code=HTTP_200_OK, summary="Replay a dead letter to its queue"
    )
    async def replay(
        self, request: Call, dead_letter_id: FromPath[str], dead_letter_service: Injected[DeadLetterService]
    ) -> WholeDeadLetter:
        return detail(await dead_letter_service.replay(dead_letter_id, request.user.user_id))

    @delete("/{dead_letter_id:str}", summary="Discard a dead letter")
    async def discard(
        self, request: Call, dead_letter_id: FromPath[str], dead_letter_service: Injected[DeadLetterService]
    ) -> None:
        await dead_letter_service.discard(dead_letter_id, request.user.user_id)
