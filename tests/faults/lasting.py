"""Calls that last: a slow upload, a slow download, a stream of events. No stop may end them halfway."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import httpx

from tests.support.client import Person, signed_in
from tests.support.sse import event_stream
from tests.support.wait import until

PIECES = 12
PIECE_EVERY_S = 0.25
AGAIN_S = 0.3
ALLOWED = frozenset({httpx.codes.OK, httpx.codes.ACCEPTED, httpx.codes.SERVICE_UNAVAILABLE})


async def _let_in(http: httpx.AsyncClient) -> Person | None:
    try:
        return await signed_in(http)
    except httpx.HTTPStatusError:  # what was broken last may still be finding its feet
        return None


class Lasting:
    """One person who does all three again and again; what was broken off is noted."""

    def __init__(self, urls: Sequence[str], video: Path) -> None:
        self._urls = itertools.cycle(urls)
        self._url = next(self._urls)
        self._video = video.read_bytes()
        self._newest = ""
        self._audible = ""
        self.done = 0
        self.broken_off: list[str] = []

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        async with httpx.AsyncClient(base_url=self._url, timeout=30) as http:
            person = await until(lambda: _let_in(http), timeout_s=60, what="somebody who has signed in")
            self._audible = await until(lambda: self._upload(person), timeout_s=60, what="a first upload")
            await person.finished(self._audible)
            async with asyncio.TaskGroup() as tasks:
                running = [
                    tasks.create_task(self._again_and_again(call, person))
                    for call in (self._upload, self._download, self._watch)
                ]
                try:
                    yield
                finally:
                    for task in running:
                        task.cancel()

    async def _again_and_again(self, call: Callable[[Person], Awaitable[object]], person: Person) -> None:
        """Who is not let in goes to another gateway; who is, is not hung up on."""
        while True:
            try:
                await call(person)
                self.done += 1
            except (httpx.ConnectError, aiohttp.ClientConnectorError):
                self._url = next(self._urls)
            except (httpx.TransportError, aiohttp.ClientError) as broken:
                self.broken_off.append(f"{call.__name__}: {broken!r}")
            await asyncio.sleep(AGAIN_S)

    async def _upload(self, person: Person) -> str:
        answer = await person.http.post(
            f"{self._url}/v1/conversions",
            params={"title": f"lasting {self.done}"},
            content=self._slowly(),
            headers={**person.headers, "Content-Type": "video/mp4"},
        )
        self._look_at(answer)
        if answer.is_success:
            self._newest = str(answer.json()["id"])
        return self._newest

    async def _slowly(self) -> AsyncIterator[bytes]:
        size = -(-len(self._video) // PIECES)
        for start in range(0, len(self._video), size):
            yield self._video[start : start + size]
            await asyncio.sleep(PIECE_EVERY_S)

    async def _download(self, person: Person) -> None:
        url = f"{self._url}/v1/conversions/{self._audible}/audio"
        async with person.http.stream("GET", url, headers=person.headers) as answer:
            self._look_at(answer)
            async for _ in answer.aiter_raw(4096):
                await asyncio.sleep(PIECE_EVERY_S)

    async def _watch(self, person: Person) -> None:
        """To the end of a conversion, or of the process that tells of it."""
        url = f"{self._url}/v1/conversions/{self._newest}/events"
        async with aiohttp.ClientSession() as http, event_stream(http, url, person.headers) as stream:
            if stream.answer.status == httpx.codes.OK:
                with contextlib.suppress(TimeoutError):  # nothing happened to it for long
                    await stream.rest()

    def _look_at(self, answer: httpx.Response) -> None:
        if answer.status_code not in ALLOWED:
            self.broken_off.append(f"{answer.request.url.path}: {answer.status_code}")
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and "retry-after" not in answer.headers:
            self.broken_off.append(f"{answer.request.url.path}: 503 without Retry-After")
