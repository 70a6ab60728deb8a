"""Routes of archives: the audio of several conversions as one ZIP, and a link to it."""

from datetime import timedelta
from typing import Annotated, Any

from litestar import Controller, Request, Response, get, post
from litestar.params import JSONBody, QueryParameter
from litestar.response import Stream

from converter_service.downloads.archive import ArchiveService
from converter_service.downloads.archive_access import ArchiveAccess
from converter_service.downloads.controller import split_pieces
from shared.contracts.conversions import ArchiveWanted, Link
from shared.errors import InvalidRequest
from shared.http import Injected
from shared.http.auth_guard import public
from shared.identity.principal import Principal
from shared.identity.scopes import READ, also_scoped

MOST_IDS = 100
# The ids are part of what a link's signature is for: only what ids consist of.
IdList = Annotated[str, QueryParameter(name="ids", pattern=r"^[0-9A-Za-z_-]{1,64}(,[0-9A-Za-z_-]{1,64})*$")]


class ArchiveController(Controller):
    path = "/v1/conversions/archive"
    tags = ("conversions",)

    @get("/", opt=public(), summary="Download the audio of several conversions", media_type="application/zip")
    async def download(
        self,
        request: Request[Any, Any, Any],
        ids: IdList,
        archive_access: Injected[ArchiveAccess],
        archives: Injected[ArchiveService],
    ) -> Stream:
        """Public because a signed link needs no token; ArchiveAccess authenticates it. All problems are
        known before the first byte, except that an audio is deleted meanwhile, which breaks the response.
        """
        audios = await archive_access.audios(request, distinct(ids.split(",")))
        archive = await archives.of(audios)
        return Stream(
            split_pieces(archives.read(archive)),
            media_type="application/zip",
            headers={
                "Content-Length": str(archive.size),
                "Content-Disposition": 'attachment; filename="tonegate.zip"',
                "Cache-Control": "private, no-store",
                "X-Content-Type-Options": "nosniff",
            },
        )

    @post("/", opt=also_scoped(READ), summary="Create a signed link to an archive")
    async def link(
        self,
        request: Request[Principal, Any, Any],
        data: JSONBody[ArchiveWanted],
        archive_access: Injected[ArchiveAccess],
    ) -> Response[Link]:
        wanted = timedelta(seconds=data.expires_in)
        made = await archive_access.link(request.user, distinct(data.ids), wanted)
        return Response(made, headers={"Cache-Control": "no-store"})


def distinct(ids: list[str] | tuple[str, ...]) -> list[str]:
    """Each id once. Raises InvalidRequest for more than MOST_IDS."""
    once = list(dict.fromkeys(ids))
    if len(once) > MOST_IDS:
        raise InvalidRequest(f"An archive has at most {MOST_IDS} conversions.")
    return once
