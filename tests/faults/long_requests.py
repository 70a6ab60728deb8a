"""Long requests through each gateway, which no graceful stop may break: slow uploads, slow downloads, event
streams, and requests on kept connections.

The download is larger than all buffers of the connection: 23 MB that are read within some seconds.
"""

import asyncio
import contextlib
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import httpx

from tests.faults.kept_connections import KeptConnections
from tests.faults.stop_overlaps import NOTICED_S, StopOverlaps
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
WATCHED_S = 4.0
KEPT = 3
# A stop that comes before all calls are in progress is worth less, but no failure.
UNDERWAY_WITHIN_S = 20.0
SETTLED_WITHIN_S = 60.0
ALLOWED = frozenset({httpx.codes.OK, httpx.codes.ACCEPTED, httpx.codes.SERVICE_UNAVAILABLE})
TUS = {"Tus-Resumable": "1.0.0"}
Call = Callable[[str, Person], Awaitable[bool]]


async def _let_in(http: httpx.AsyncClient) -> Person | None:
    try:
        return await signed_in(http)
    except httpx.HTTPStatusError:  # a service may still be starting after the last fault
        return None


class LongRequests:
    """One account that uploads, downloads and watches slowly and repeatedly; notes broken connections.

    `stops` are the times at which a process received SIGTERM; the owner of the list adds to it. Without
    `has_long` there are only requests on kept connections: a stop that waits for long requests answers these
    meanwhile, and so hides that it would close idle connections too early.
    """

    def __init__(
        self, urls: Sequence[str], video: Path, long_video: Path, stops: list[float], *, has_long: bool = True
    ) -> None:
        self._urls = urls
        self._video = video.read_bytes()
        self._long_video = long_video.read_bytes()
        self._stops = stops
        self._has_long = has_long
        self._overlaps = StopOverlaps(stops)
        self._began: dict[str, float] = {}
        self._watched = ""
        self._audible = ""
        self.done: Counter[str] = Counter()
        self.broken_off: list[str] = []
        self.uncovered: list[str] = []
        self._kept = [KeptConnections(f"a kept connection to {url}", url, self._overlaps) for url in urls]

    @property
    def _calls(self) -> dict[str, tuple[Call, str]]:
        if not self._has_long:
            return {}
        calls: dict[str, Call] = {
            "a slow upload": self._upload,
            "a slow download": self._download,
            "an event stream": self._watch,
        }
        return {f"{name} through {url}": (call, url) for url in self._urls for name, call in calls.items()}

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """On exit reports each kind of call of which none was in progress at a stop and succeeded."""
        limits = httpx.Limits(keepalive_expiry=REUSED_WITHIN_S)
        transport = httpx.AsyncHTTPTransport(socket_options=LITTLE_ROOM, limits=limits)
        async with httpx.AsyncClient(base_url=self._urls[0], timeout=30, transport=transport) as http:
            person = await until(lambda: _let_in(http), timeout_s=60, what="an account that is signed in")
            if self._has_long:
                await self._prepare(person)
            async with asyncio.TaskGroup() as tasks:
                running = [
                    *(tasks.create_task(self._again_and_again(name, person)) for name in self._calls),
                    *(tasks.create_task(kept.use(person)) for kept in self._kept for _ in range(KEPT)),
                ]
                try:
                    yield
                    await self.settled()
                    self.uncovered += [f"{each}: none succeeded across a stop" for each in self.lacking()]
                finally:
                    for task in running:
                        task.cancel()
                    self.broken_off += [each for kept in self._kept for each in kept.broken]
            if self._has_long:
                with contextlib.suppress(AssertionError):  # it expires by itself
                    await until(
                        lambda: self._deleted(person), timeout_s=10, what="the open upload is deleted"
                    )

    async def _prepare(self, person: Person) -> None:
        self._audible = await until(lambda: self._large(person), timeout_s=60, what="a first upload")
        self._watched = await until(lambda: self._begun(person), timeout_s=60, what="an open upload")
        assert (await person.finished(self._audible))["status"] == "completed"

    async def underway(self) -> None:
        """Waits until each call has been in progress for a moment."""

        def are_underway() -> bool:
            latest = time.monotonic() - 2 * NOTICED_S
            return all(name in self._began and self._began[name] <= latest for name in self._calls)

        with contextlib.suppress(AssertionError):
            await until(are_underway, timeout_s=UNDERWAY_WITHIN_S)

    async def settled(self) -> None:
        """Waits until each call that was in progress at the last stop has ended."""

        def have_ended() -> bool:
            last = max(self._stops, default=0.0)
            return all(began > last for began in self._began.values())

        with contextlib.suppress(AssertionError):
            await until(have_ended, timeout_s=SETTLED_WITHIN_S)

    def lacking(self) -> Sequence[str]:
        """Returns the calls of which none that succeeded was in progress at a stop."""
        return self._overlaps.lacking([*self._calls, *(kept.name for kept in self._kept)])

    async def _again_and_again(self, name: str, person: Person) -> None:
        """Repeats a call; a refused connection is none, a broken one is reported."""
        call, url = self._calls[name]
        while True:
            began = self._began[name] = time.monotonic()
            try:
                if await call(url, person):
                    self.done[name] += 1
                    self._overlaps.note(name, began)
            except (httpx.ConnectError, aiohttp.ClientConnectorError):
                pass  # this gateway is down
            except (httpx.TransportError, aiohttp.ClientError) as broken:
                self.broken_off.append(f"{name}: {broken!r}")
            finally:
                self._began.pop(name, None)
            await asyncio.sleep(AGAIN_S)

    async def _large(self, person: Person) -> str:
        answer = await person.upload_raw(self._long_video, **LARGE)
        return str(answer.json()["id"]) if answer.is_success else ""

    async def _begun(self, person: Person) -> str:
        """An upload without data: its event stream does not end by itself."""
        answer = await person.request("POST", "/v1/uploads", headers={**TUS, "Upload-Length": "1000"})
        return answer.headers["location"].rpartition("/")[2] if answer.is_success else ""

    async def _deleted(self, person: Person) -> bool:
        try:
            answer = await person.request("DELETE", f"/v1/uploads/{self._watched}", headers=TUS)
        except httpx.TransportError:
            return False
        return answer.is_success

    async def _upload(self, url: str, person: Person) -> bool:
        answer = await person.http.post(
            f"{url}/v1/conversions",
            params={"title": f"long_requests {self.done.total()} {url}"},
            content=self._slowly(),
            headers={**person.headers, "Content-Type": "video/mp4"},
        )
        self._check(answer.request.url.path, answer.status_code, answer.headers)
        return answer.is_success

    async def _slowly(self) -> AsyncIterator[bytes]:
        size = -(-len(self._video) // PIECES)
        for start in range(0, len(self._video), size):
            yield self._video[start : start + size]
            await asyncio.sleep(PIECE_EVERY_S)

    async def _download(self, url: str, person: Person) -> bool:
        path = f"{url}/v1/conversions/{self._audible}/audio"
        async with person.http.stream("GET", path, headers=person.headers) as answer:
            self._check("a download", answer.status_code, answer.headers)
            async for _ in answer.aiter_raw(LARGE_PIECE):
                await asyncio.sleep(LARGE_PIECE_EVERY_S)
            return answer.is_success

    async def _watch(self, url: str, person: Person) -> bool:
        """Reads an event stream for some seconds, or until the process stops and ends it."""
        path = f"{url}/v1/conversions/{self._watched}/events"
        async with aiohttp.ClientSession() as http, event_stream(http, path, person.headers) as stream:
            self._check("a stream of events", stream.answer.status, stream.answer.headers)
            if stream.answer.status != httpx.codes.OK:
                return False
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WATCHED_S):
                    await stream.rest()
            return True

    def _check(self, what: str, status: int, headers: Mapping[str, str]) -> None:
        if status not in ALLOWED:
            self.broken_off.append(f"{what}: {status}")
        if status == httpx.codes.SERVICE_UNAVAILABLE and "retry-after" not in headers:
            self.broken_off.append(f"{what}: 503 without Retry-After")
