"""Routes of an owner's conversions: list, read, rename, cancel, retry, link and delete."""

from datetime import timedelta
from typing import Annotated, Any

from litestar import Controller, Request, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_202_ACCEPTED

from converter_service.conversions.commands import ConversionCommands
from converter_service.conversions.model import State
from converter_service.conversions.public_paths import PublicPaths
from converter_service.conversions.schemas import ConversionView, Page, page, to_view
from converter_service.conversions.service import Conversions
from converter_service.conversions.title import MAX_LENGTH, normalized
from shared.contracts.conversions import ConversionChange, Link, LinkWanted
from shared.http import Injected
from shared.identity.principal import Principal
from shared.identity.scopes import READ, also_scoped

Call = Request[Principal, Any, Any]
Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=100)]
Cursor = Annotated[str | None, QueryParameter(name="cursor", pattern=r"^[0-9a-f]{32}$")]
# Not `State | None`: Litestar would read the text `null` as None.
Status = Annotated[str | None, QueryParameter(name="status", pattern=f"^({'|'.join(State)})$")]
# Control characters are in no name, and MongoDB refuses some of them.
SearchedName = Annotated[
    str | None, QueryParameter(name="q", max_length=MAX_LENGTH, pattern=r"^[^\x00-\x1f\x7f]*(?![\s\S])")
]


class ConversionController(Controller):
    path = "/v1/conversions"
    tags = ("conversions",)

    @get("/", summary="List own conversions, newest first")
    async def list_own(
        self,
        request: Call,
        conversions: Injected[Conversions],
        paths: Injected[PublicPaths],
        *,
        status: Status = None,
        limit: Limit = 20,
        cursor: Cursor = None,
        q: SearchedName = None,
    ) -> Page:
        wanted = None if status is None else State(status)
        name = normalized(q or "") or None
        found = await conversions.page(request.user.user_id, wanted, cursor, limit + 1, name)
        return page(found, limit, paths)

    @get("/{conversion_id:str}", summary="Get a conversion")
    async def one(
        self,
        request: Call,
        conversion_id: FromPath[str],
        conversions: Injected[Conversions],
        paths: Injected[PublicPaths],
    ) -> Response[ConversionView]:
        found = await conversions.get(request.user, conversion_id)
        return Response(to_view(found, paths), headers={"Cache-Control": "no-store"})

    @patch("/{conversion_id:str}", summary="Rename a conversion")
    async def rename(
        self,
        request: Call,
        conversion_id: FromPath[str],
        data: JSONBody[ConversionChange],
        commands: Injected[ConversionCommands],
        paths: Injected[PublicPaths],
    ) -> ConversionView:
        return to_view(await commands.rename(request.user, conversion_id, data.title), paths)

    @post("/{conversion_id:str}/cancel", status_code=HTTP_200_OK, summary="Cancel a conversion")
    async def cancel(
        self,
        request: Call,
        conversion_id: FromPath[str],
        commands: Injected[ConversionCommands],
        paths: Injected[PublicPaths],
    ) -> ConversionView:
        return to_view(await commands.cancel(request.user, conversion_id), paths)

    @post(
        "/{conversion_id:str}/retry",
        status_code=HTTP_202_ACCEPTED,
        summary="Retry a failed or cancelled conversion",
    )
    async def retry(
        self,
        request: Call,
        conversion_id: FromPath[str],
        commands: Injected[ConversionCommands],
        paths: Injected[PublicPaths],
    ) -> ConversionView:
        return to_view(await commands.retry(request.user, conversion_id), paths)

    @post("/{conversion_id:str}/link", opt=also_scoped(READ), summary="Create a signed link to the audio")
    async def link(
        self,
        request: Call,
        conversion_id: FromPath[str],
        data: JSONBody[LinkWanted],
        commands: Injected[ConversionCommands],
    ) -> Response[Link]:
        made = await commands.link(request.user, conversion_id, timedelta(seconds=data.expires_in))
        return Response(made, headers={"Cache-Control": "no-store"})

    @delete("/{conversion_id:str}/link", summary="End all links to the audio that were made so far")
    async def end_links(
        self, request: Call, conversion_id: FromPath[str], commands: Injected[ConversionCommands]
    ) -> None:
        await commands.end_links(request.user, conversion_id)

    @delete("/{conversion_id:str}", summary="Delete a conversion, its video and its audio")
    async def remove(
        self, request: Call, conversion_id: FromPath[str], conversions: Injected[Conversions]
    ) -> None:
        await conversions.delete(request.user, conversion_id)
