"""The route of the event stream of a conversion, with resumption by Last-Event-ID."""

import re
from typing import Any

from litestar import Controller, Request, get
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from converter_service.conversions.public_paths import PublicPaths
from converter_service.conversions.service import Conversions
from converter_service.event_streams.hub import Hub
from converter_service.event_streams.snapshot import Snapshot, snapshot_of
from converter_service.event_streams.stream import HEADERS, MEDIA_TYPE, EventStream
from shared.http import Injected
from shared.identity.principal import Principal

Call = Request[Principal, Any, Any]

REVISION = re.compile(r"\d{1,18}", re.ASCII)


def parse_last_event_id(header: str | None, now: Snapshot) -> int:
    """The revision in Last-Event-ID; -1 without one, and for a revision that does not exist yet."""
    if header is None or not REVISION.fullmatch(header.strip()):
        return -1
    seen = int(header)
    return seen if seen <= now.revision else -1


class EventController(Controller):
    path = "/v1/conversions/{conversion_id:str}/events"
    tags = ("conversions",)

    @get("/", summary="Follow a conversion", media_type=MEDIA_TYPE)
    async def events(
        self,
        request: Call,
        conversion_id: FromPath[str],
        conversions: Injected[Conversions],
        hub: Injected[Hub],
        paths: Injected[PublicPaths],
    ) -> ASGIResponse:
        """Responds 204 when the client has seen the final state: an EventSource then stops reconnecting."""
        now = snapshot_of(await conversions.get(request.user, conversion_id), paths)
        seen = parse_last_event_id(request.headers.get("last-event-id"), now)
        if now.is_final and now.revision <= seen:
            return ASGIResponse(status_code=204, headers=dict(HEADERS))
        return EventStream(hub, conversion_id, seen)
