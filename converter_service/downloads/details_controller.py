"""Routes of a result's waveform and chapters, for players."""

from array import array
from typing import Any

from litestar import Controller, Request, Response, get
from litestar.params import FromPath

from converter_service.conversions.service import Conversions
from shared.contracts.conversions import Chapter, ChapterList, Waveform
from shared.errors import NotFound
from shared.http import Injected
from shared.identity.principal import Principal

Call = Request[Principal, Any, Any]
NO_STORE = {"Cache-Control": "no-store"}


class DetailsController(Controller):
    path = "/v1/conversions/{conversion_id:str}"
    tags = ("conversions",)

    @get("/waveform", summary="Get the waveform of the audio")
    async def waveform(
        self, request: Call, conversion_id: FromPath[str], conversions: Injected[Conversions]
    ) -> Response[Waveform]:
        """Answers 404 for a result without one: of an earlier version, or one that could not be decoded."""
        found = (await conversions.details(request.user, conversion_id)).waveform
        if found is None:
            raise NotFound("There is no waveform of this audio.")
        shown = Waveform(
            sample_rate=found.sample_rate,
            samples_per_pixel=found.samples_per_pixel,
            length=found.length,
            data=array("b", found.peaks).tolist(),
        )
        return Response(shown, headers=NO_STORE)

    @get("/chapters", summary="Get the chapters of the audio")
    async def chapters(
        self, request: Call, conversion_id: FromPath[str], conversions: Injected[Conversions]
    ) -> Response[ChapterList]:
        found = (await conversions.details(request.user, conversion_id)).chapters
        shown = [Chapter(round(each.start_s, 3), round(each.end_s, 3), each.title) for each in found]
        return Response(ChapterList(shown), headers=NO_STORE)
