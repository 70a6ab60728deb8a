"""Changes of a conversion as they happen, over connections that are resumed when they break."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from urllib.parse import quote

import httpx
import msgspec

from tonegate_client.models import Conversion
from tonegate_client.problems import unexpected
from tonegate_client.sse import EventParser
from tonegate_client.transport import Request, Transport

# The server sends a comment every 15 seconds.
SILENCE_S = 50.0
# Of a connection without an event: a server that stops ends one earlier, a page of another server at once.
LASTING_S = 5.0
# Between two connections that ended without an error.
PAUSE_S = 0.5
FINAL_EVENTS = frozenset({"completed", "failed", "cancelled"})


@dataclass(frozen=True)
class ConversionEvent:
    """A change: `progress`, or one of the three ends. `id` resumes after it."""

    id: str
    name: str
    conversion: Conversion


async def follow(
    transport: Transport, conversion_id: str, last_event_id: str = ""
) -> AsyncGenerator[ConversionEvent, None]:
    """Yields each change after `last_event_id`, until the conversion has ended; the present state at once
    without one.

    Raises ServerUnreachable when no new connection succeeds, Problem, NotSignedIn.
    """
    failures, last_id = 0, last_event_id
    while True:
        began, is_silent = time.monotonic(), True
        async with aclosing(_connection(transport, conversion_id, last_id)) as events:
            async for event in events:
                if event is None:
                    return
                if isinstance(event, httpx.TransportError):
                    failures += 1
                    await transport.pause(event, failures)
                    is_silent = False
                    continue
                failures, last_id, is_silent = 0, event.id, False
                yield event
                if event.name in FINAL_EVENTS:
                    return
        if is_silent and time.monotonic() - began < LASTING_S:
            failures += 1
            await transport.pause(unexpected(200, "The event stream ends at once."), failures)
        await asyncio.sleep(PAUSE_S)


async def _connection(
    transport: Transport, conversion_id: str, last_id: str
) -> AsyncGenerator[ConversionEvent | httpx.TransportError | None, None]:
    """Yields None when no event is to come after `last_id`, and the error that breaks the connection."""
    headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last_id} if last_id else {})}
    path = f"v1/conversions/{quote(conversion_id, safe='')}/events"
    async with transport.open(Request("GET", path, headers=headers, read_timeout_s=SILENCE_S)) as stream:
        if stream.status_code == 204:
            yield None
            return
        if not stream.headers.get("content-type", "").startswith("text/event-stream"):
            raise unexpected(stream.status_code, "The server did not send an event stream.")
        parser = EventParser(last_id)
        try:
            async for piece in stream.aiter_bytes():
                for event in parser.feed(piece):
                    conversion = msgspec.json.decode(event.data, type=Conversion)
                    yield ConversionEvent(event.id, event.name, conversion)
        except httpx.TransportError as error:
            yield error
        except (ValueError, msgspec.MsgspecError) as error:
            raise unexpected(stream.status_code, "An event cannot be read.") from error
