"""Client for Server-Sent Events (HTML Living Standard §9.2.6)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.support.wait import PATIENCE_S


@dataclass
class ServerEvent:
    """One event."""

    name: str
    identity: str
    data: dict[str, Any]


@dataclass
class EventReader:
    """`comments` counts comment lines so far; `retry_ms` is the last reconnection time."""

    answer: aiohttp.ClientResponse
    comments: int = 0
    retry_ms: int | None = None
    _last_id: str = field(default="")

    async def next(self) -> ServerEvent | None:
        """Returns the next event; None at the regular end of the stream."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._read()

    async def rest(self) -> list[ServerEvent]:
        events = []
        while (event := await self.next()) is not None:
            events.append(event)
        return events

    async def _read(self) -> ServerEvent | None:
        name, data = "message", list[str]()
        while line := await self.answer.content.readline():
            key, _, said = line.decode().rstrip("\n").partition(":")
            said = said.removeprefix(" ")
            if not key and not said and data:
                return ServerEvent(name, self._last_id, json.loads("\n".join(data)))
            if key == "event":
                name = said
            elif key == "data":
                data.append(said)
            else:
                self._note(key, said, line)
        return None

    def _note(self, key: str, said: str, line: bytes) -> None:
        """Handles comments and retry times."""
        if key == "id":
            self._last_id = said
        elif key == "retry":
            self.retry_ms = int(said)
        elif line.startswith(b":"):
            self.comments += 1


@asynccontextmanager
async def event_stream(
    http: aiohttp.ClientSession, url: str, headers: dict[str, str], last_id: str | None = None
) -> AsyncIterator[EventReader]:
    sent = {**headers, "Accept": "text/event-stream"}
    if last_id is not None:
        sent["Last-Event-ID"] = last_id
    async with http.get(url, headers=sent) as answer:
        yield EventReader(answer)
