"""Long requests: a slow upload, a slow download and an event stream, which no graceful stop may break.

The download is larger than all buffers of the connection: 23 MB that are read within some seconds.
"""

import asyncio
import contextlib
import itertools
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import httpx

from tests.faults.traffic import REUSED_WITHIN_S
from tests.support.client import Person, signed_in
from tests.support.sse import event_stream
from tests.support.wait import until

PIECES = 12
PIECE_EVERY_S = 0.25
AGAIN_S = 0.3
LONG_VIDEO_S = 120.0
LARGE = {"format": "wav", "sample_rate": "48000", "channels": "2"}
LARGE_PIECE = 512 * 1024
LARGE_PIECE_EVERY_S = 0.08
LITTLE_ROOM = [(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)]
EACH_DONE_WITHIN_S = 180.0
ALLOWED = frozenset({httpx.codes.OK, httpx.codes.ACCEPTED, httpx.codes.SERVICE_UNAVAILABLE})


async def _let_in(http: httpx.AsyncClient) -> Person | None:
    try:
        return await signed_in(http)
    except httpx.HTTPStatusError:  # a service may still be starting after the last fault
        return None


class LongRequests:
    """One account that uploads, downloads and watches slowly and repeatedly; notes broken connections."""

    def __init__(self, urls: Sequence[str], video: Path, long_video: Path) -> None:
        self._urls = itertools.cycle(urls)
        self._url = next(self._urls)
        self._video = video.read_bytes()
        self._long_video = long_video.read_bytes()
        self._newest = ""
        self._audible = ""
        self.done: Counter[str] = Counter()
        self.broken_off: list[str] = []

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        limits = httpx.Limits(keepalive_expiry=REUSED_WITHIN_S)
        transport = httpx.AsyncHTTPTransport(socket_options=LITTLE_ROOM, limits=limits)
        async with httpx.AsyncClient(base_url=self._url, timeout=30, transport=transport) as http:
            person = await until(lambda: _let_in(http), timeout_s=60, what="an account that is signed in")
            self._audible = await until(lambda: self._large(person), timeout_s=60, what="a first upload")
            self._newest = self._audible
            assert (await person.finished(self._audible))["status"] == "completed"
            calls = (self._upload, self._download, self._watch)
            async with asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(self._again_and_again(call, person)) for call in calls]
                try:
                    yield
                    await self._each_done([call.__name__ for call in calls])
                finally:
                    for task in running:
                        task.cancel()

    async def _each_done(self, calls: Sequence[str]) -> None:
        """Reports calls that never succeeded: a graceful stop is only tested by requests in progress."""
        with contextlib.suppress(AssertionError):
            await until(lambda: all(self.done[call] for call in calls), timeout_s=EACH_DONE_WITHIN_S)
        self.broken_off += [f"{call}: not done once" for call in calls if not self.done[call]]

    async def _again_and_again(self, call: Callable[[Person], Awaitable[bool]], person: Person) -> None:
        """Repeats a call; a refused connection switches the gateway, a broken one is reported."""
        while True:
            try:
                self.done[call.__name__] += await call(person)
            except (httpx.ConnectError, aiohttp.ClientConnectorError):
                self._url = next(self._urls)
            except (httpx.TransportError, aiohttp.ClientError) as broken:
                self.broken_off.append(f"{call.__name__}: {broken!r}")
            await asyncio.sleep(AGAIN_S)

    async def _large(self, person: Person) -> str:
        answer = await person.upload_raw(self._long_video, **LARGE)
        return str(answer.json()["id"]) if answer.is_success else ""

    async def _upload(self, person: Person) -> bool:
        answer = await person.http.post(
            f"{self._url}/v1/conversions",
            params={"title": f"long_requests {self.done.total()}"},
            content=self._slowly(),
            headers={**person.headers, "Content-Type": "video/mp4"},
        )
        self._check(answer.request.url.path, answer.status_code, answer.headers)
        if answer.is_success:
            self._newest = str(answer.json()["id"])
        return answer.is_success

    async def _slowly(self) -> AsyncIterator[bytes]:
        size = -(-len(self._video) // PIECES)
        for start in range(0, len(self._video), size):
            yield self._video[start : start + size]
            await asyncio.sleep(PIECE_EVERY_S)

    async def _download(self, person: Person) -> bool:
        url = f"{self._url}/v1/conversions/{self._audible}/audio"
        async with person.http.stream("GET", url, headers=person.headers) as answer:
            self._check("a download", answer.status_code, answer.headers)
            async for _ in answer.aiter_raw(LARGE_PIECE):
                await asyncio.sleep(LARGE_PIECE_EVERY_S)
            return answer.is_success

    async def _watch(self, person: Person) -> bool:
        """Reads an event stream until the conversion ends or the process stops."""
        url = f"{self._url}/v1/conversions/{self._newest}/events"
        async with aiohttp.ClientSession() as http, event_stream(http, url, person.headers) as stream:
            self._check("a stream of events", stream.answer.status, stream.answer.headers)
            if stream.answer.status != httpx.codes.OK:
                return False
            with contextlib.suppress(TimeoutError):  # no event for a long time
                await stream.rest()
            return True

    def _check(self, what: str, status: int, headers: Mapping[str, str]) -> None:
        if status not in ALLOWED:
            self.broken_off.append(f"{what}: {status}")
        if status == httpx.codes.SERVICE_UNAVAILABLE and "retry-after" not in headers:
            self.broken_off.append(f"{what}: 503 without Retry-After")
