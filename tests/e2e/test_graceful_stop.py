"""SIGTERM under load: running work finishes or is handed back, and no connection breaks."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial

import aiohttp
import httpx
import pytest

from devstack.service import Service
from tests.support.client import Person
from tests.support.media import Media
from tests.support.sse import EventReader, event_stream
from tests.support.system import System
from tests.support.wait import until

LONG_S = 300
TUS = {"Tus-Resumable": "1.0.0"}
# Services that streams pass through, stopped one at a time.
STOPPED = (("gateway", "worker"), ("converter", "auth", "notification"))


@dataclass
class Busy:
    """An account with an upload, a resumable upload, a download, an event stream and a conversion in
    progress.
    """

    system: System
    person: Person
    video: bytes
    large: str
    converting: str = ""
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    begun: int = 0
    running: list["asyncio.Task[object]"] = field(default_factory=list)

    async def begin(self, stack: AsyncExitStack) -> EventReader:
        self.running = [
            asyncio.create_task(self._upload()),
            asyncio.create_task(self._resumable()),
            asyncio.create_task(self._download()),
        ]
        await until(lambda: self.begun == len(self.running), timeout_s=60, what="everything under way")
        http = await stack.enter_async_context(aiohttp.ClientSession())
        url = f"{self.system.url}/v1/conversions/{self.converting}/events"
        stream = await stack.enter_async_context(event_stream(http, url, self.person.headers))
        assert await stream.next() is not None
        return stream

    async def convert(self) -> None:
        self.converting = str((await self.person.upload_raw(self.video, "long.mp4")).json()["id"])
        await until(self.system.freeze_ffmpeg, timeout_s=60, what="ffmpeg at work")

    async def _slowly(self, content: bytes) -> AsyncIterator[bytes]:
        yield content[: len(content) // 2]
        self.begun += 1
        await self.go_on.wait()
        yield content[len(content) // 2 :]

    async def _upload(self) -> None:
        answer = await self.person.upload_raw(self._slowly(self.video))
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text

    async def _resumable(self) -> None:
        headers = {**TUS, "Upload-Length": str(len(self.video))}
        made = await self.person.request("POST", "/v1/uploads", headers=headers)
        headers = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        content = self._slowly(self.video)
        sent = await self.person.request("PATCH", made.headers["Location"], headers=headers, content=content)
        assert sent.status_code == httpx.codes.NO_CONTENT, sent.text

    async def _download(self) -> None:
        url, size = f"/v1/conversions/{self.large}/audio", 0
        async with self.person.http.stream("GET", url, headers=self.person.headers) as answer:
            async for piece in answer.aiter_raw():
                self.begun += size == 0
                size += len(piece)
                await self.go_on.wait()
            assert size == int(answer.headers["Content-Length"])


@pytest.fixture(scope="module")
def video(media: Media) -> bytes:
    return media.video(seconds=LONG_S).read_bytes()


@pytest.fixture
async def large(person: Person, video: bytes) -> str:
    """A file larger than all buffers between two processes."""
    accepted = await person.upload_raw(video, "large.mp4", format="wav", channels="2")
    identity = str(accepted.json()["id"])
    assert (await person.finished(identity))["result"]["size"] > 40_000_000
    return identity


def _is_stopping(service: Service) -> bool:
    return not service.is_ready()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("stopped", STOPPED, ids=" ".join)
async def test_no_running_request_fails_when_a_service_stops(
    system: System, person: Person, video: bytes, large: str, stopped: tuple[str, ...]
) -> None:
    busy = Busy(system, person, video, large)
    await busy.convert()
    try:
        async with AsyncExitStack() as stack:
            stream = await busy.begin(stack)
            stopping = [asyncio.create_task(asyncio.to_thread(system.stop, name)) for name in stopped]
            for name in stopped:
                service = system.stack.service(name)
                await until(partial(_is_stopping, service), what=f"{name} is about to stop")
                service.process.send(signal.SIGTERM)  # a second SIGTERM changes nothing
            await stream.rest()
            busy.go_on.set()
            await asyncio.gather(*busy.running)
            await asyncio.gather(*stopping)
            assert [system.stack.service(name).process.exit_code for name in stopped] == [0] * len(stopped)
    finally:
        await asyncio.to_thread(system.start, *stopped)
    if "worker" not in stopped:
        system.thaw_ffmpeg()
    assert (await person.finished(busy.converting, timeout_s=100))["status"] == "completed"
