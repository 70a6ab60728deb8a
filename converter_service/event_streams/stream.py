"""The progress of a conversion as Server-Sent Events (HTML Living Standard §9.2)."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from types import MappingProxyType
from typing import Final

from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from converter_service.conversions.model import State
from converter_service.event_streams.hub import Hub
from converter_service.event_streams.snapshot import Snapshot
from converter_service.event_streams.subscription import Subscription
from shared.errors import Unavailable

HEARTBEAT_S = 15.0
HEARTBEAT: Final = b": \n\n"
# Spread, so that clients do not all reconnect at once after a process ends.
RETRY_MS = (1_000, 3_000)
MEDIA_TYPE = "text/event-stream"
HEADERS = MappingProxyType({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
# All other states are sent as `progress`, expiry too; the data has the state itself.
NAMED = frozenset({State.COMPLETED, State.FAILED, State.CANCELLED})


class EventStream(ASGIResponse):
    """Streams the present state, then each change until a final state, with comments as heartbeats."""

    _should_set_content_length = False

    def __init__(self, hub: Hub, conversion_id: str, seen: int) -> None:
        super().__init__(status_code=200, media_type=MEDIA_TYPE, headers=dict(HEADERS))
        self._hub, self._conversion_id, self._seen = hub, conversion_id, seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        with self._hub.subscribe(self._conversion_id) as subscription:
            disconnection = asyncio.create_task(_close_on_disconnect(receive, subscription))
            try:
                await self.start_response(send)
                async for frame in self._frames(subscription):
                    await send({"type": "http.response.body", "body": frame, "more_body": True})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            finally:
                disconnection.cancel()

    async def _frames(self, subscription: Subscription) -> AsyncIterator[bytes]:
        """Subscribes before it reads the present state, so that no change is missed in between."""
        yield f"retry: {random.randint(*RETRY_MS)}\n\n".encode()  # noqa: S311, jitter
        with suppress(Unavailable):  # the hub tries again
            await self._hub.refresh(self._conversion_id)
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    snapshot = await subscription.next(self._seen)
            except TimeoutError:
                yield HEARTBEAT
                continue
            if snapshot is None:
                return
            self._seen = snapshot.revision
            yield format_event(snapshot)
            if snapshot.is_final:
                return


async def _close_on_disconnect(receive: Receive, subscription: Subscription) -> None:
    """Sending to a disconnected client does not fail; only `receive` reports the disconnection."""
    while (await receive())["type"] != "http.disconnect":
        pass
    subscription.close()


def format_event(snapshot: Snapshot) -> bytes:
    """One event. JSON has no raw line breaks, so a single `data` line is enough."""
    name = snapshot.status.value if snapshot.status in NAMED else "progress"
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (snapshot.revision, name.encode(), snapshot.body)
