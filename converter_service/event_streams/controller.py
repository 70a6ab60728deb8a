"""What happens to a conversion, as it happens: Server-Sent Events (HTML Living Standard §9.2)."""

import asyncio
import random
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from types import MappingProxyType
from typing import Any, Final

from litestar import Controller, Request, get
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from converter_service.conversions.model import State
from converter_service.conversions.owner import Owner
from converter_service.conversions.service import Conversions
from converter_service.event_streams.hub import Hub, Listener, Snapshot, snapshot_of
from shared.errors import Unavailable
from shared.http import Injected

Call = Request[Owner, Any, Any]

HEARTBEAT_S = 15.0
HEARTBEAT: Final = b": \n\n"
# When a process ends, its streams' clients do not all come back in the same moment.
RETRY_MS = (1_000, 3_000)
MEDIA_TYPE = "text/event-stream"
HEADERS = MappingProxyType({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
# Everything else is progress, also the end of what has expired: what it has come to is in the data.
NAMED = frozenset({State.COMPLETED, State.FAILED, State.CANCELLED})
EDITION = re.compile(r"\d{1,18}", re.ASCII)


class EventStream(ASGIResponse):
    """What there is to see now, then each change, until the end. Comments keep the line alive meanwhile."""

    _should_set_content_length = False

    def __init__(self, hub: Hub, conversion_id: str, seen: int) -> None:
        super().__init__(status_code=200, media_type=MEDIA_TYPE, headers=dict(HEADERS))
        self._hub, self._conversion_id, self._seen = hub, conversion_id, seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        with self._hub.watching(self._conversion_id) as listener:
            account_deletion = asyncio.create_task(_close_when_gone(receive, listener))
            try:
                await self.start_response(send)
                async for frame in self._frames(listener):
                    await send({"type": "http.response.body", "body": frame, "more_body": True})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            finally:
                account_deletion.cancel()

    async def _frames(self, listener: Listener) -> AsyncIterator[bytes]:
        """Watching comes before looking, so that nothing falls between."""
        yield f"retry: {random.randint(*RETRY_MS)}\n\n".encode()  # noqa: S311, jitter
        with suppress(Unavailable):  # the hub asks again
            await self._hub.look(self._conversion_id)
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    snapshot = await listener.next(self._seen)
            except TimeoutError:
                yield HEARTBEAT
                continue
            if snapshot is None:
                return
            self._seen = snapshot.revision
            yield framed(snapshot)
            if snapshot.is_final:
                return


async def _close_when_gone(receive: Receive, listener: Listener) -> None:
    """Sending to a client that is gone looks like success; only `receive` tells."""
    while (await receive())["type"] != "http.disconnect":
        pass
    listener.close()


def framed(snapshot: Snapshot) -> bytes:
    """JSON has no raw line breaks, so one `data` line holds it."""
    name = snapshot.status.value if snapshot.status in NAMED else "progress"
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (snapshot.revision, name.encode(), snapshot.body)


def last_seen(header: str | None, now: Snapshot) -> int:
    """The revision that a client has seen; -1 for none, and for what was never told by us."""
    if header is None or not EDITION.fullmatch(header.strip()):
        return -1
    seen = int(header)
    return seen if seen <= now.revision else -1


class EventController(Controller):
    path = "/v1/conversions/{conversion_id:str}/events"
    tags = ("conversions",)

    @get("/", summary="What happens to a conversion, as it happens", media_type=MEDIA_TYPE)
    async def events(
        self,
        request: Call,
        conversion_id: FromPath[str],
        conversions: Injected[Conversions],
        hub: Injected[Hub],
    ) -> ASGIResponse:
        """204 when the end has been seen already: it tells an EventSource to ask no more."""
        now = snapshot_of(await conversions.get(request.user, conversion_id))
        seen = last_seen(request.headers.get("last-event-id"), now)
        if now.is_final and now.revision <= seen:
            return ASGIResponse(status_code=204, headers=dict(HEADERS))
        return EventStream(hub, conversion_id, seen)
