"""Resumable uploads by real tus clients while processes are killed in the middle of requests."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from itertools import cycle, islice
from pathlib import Path

import httpx
import pytest
from tusclient.client import TusClient

from tests.support.client import Person
from tests.support.media import Media
from tests.support.system import RESUMED_BYTES, System
from tests.support.tus_client import UPPY, tus_js
from tests.support.wait import until

MIB = 1024 * 1024
TUS = {"Tus-Resumable": "1.0.0"}
ACCIDENTS = ("converter", "gateway", "client", "gateway", "client")
TIMES = 10


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    """Random bytes, long enough to be interrupted; not a video."""
    path = tmp_path / "noise.mp4"
    path.write_bytes(b"\x00\x00\x00\x18ftypmp42" + random.Random(1).randbytes(12 * MIB))
    return path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def restarted(system: System, *names: str) -> None:
    for name in names:
        await asyncio.to_thread(system.kill, name)
    await asyncio.to_thread(system.start, *names)


async def test_tus_js_client_resumes_after_all_services_were_killed(
    system: System, person: Person, noise: Path
) -> None:
    endpoint, token = f"{system.url}/v1/uploads", person.tokens["access_token"]
    metadata = {"filename": "noise.mp4", "filetype": "video/mp4", "bitrate": "96k"}
    async with tus_js(
        endpoint, token, noise, metadata=metadata, pause_at=4 * MIB, chunk_size=3 * MIB
    ) as client:
        await client.event("paused")
        await restarted(system, "converter", "gateway", "mongo")
        client.resume()
        event = await client.event("success")
    done = await person.finished(event["conversion"])
    assert (done["source"]["sha256"], done["source"]["filename"]) == (digest(noise), "noise.mp4")
    assert done["options"]["bitrate"] == "96k"


@pytest.mark.parametrize(
    ("chunk_size", "parallel"), [(None, 3), (20_000, 1)], ids=["in three parts at once", "in small chunks"]
)
async def test_an_upload_of_tus_js_client_becomes_audio(
    system: System, person: Person, media: Media, chunk_size: int | None, parallel: int
) -> None:
    endpoint, token = f"{system.url}/v1/uploads", person.tokens["access_token"]
    video, metadata = media.video(seconds=1), {"filename": "talk.mp4"}
    async with tus_js(
        endpoint, token, video, metadata=metadata, chunk_size=chunk_size, parallel=parallel
    ) as client:
        event = await client.event("success")
    done = await person.finished(event["conversion"])
    assert (done["status"], done["source"]["sha256"]) == ("completed", digest(video))


async def test_tus_js_client_resumes_a_stream_of_unknown_size_after_all_services_were_killed(
    system: System, person: Person, noise: Path
) -> None:
    endpoint, token = f"{system.url}/v1/uploads", person.tokens["access_token"]
    async with tus_js(
        endpoint,
        token,
        noise,
        metadata={"filename": "live.mp4"},
        pause_at=4 * MIB,
        chunk_size=3 * MIB,
        is_deferred=True,
    ) as client:
        await client.event("paused")
        await restarted(system, "converter", "gateway", "mongo")
        client.resume()
        event = await client.event("success")
    done = await person.finished(event["conversion"])
    assert (done["source"]["sha256"], done["source"]["size"]) == (digest(noise), noise.stat().st_size)


async def test_a_recording_of_unknown_size_becomes_audio(
    system: System, person: Person, media: Media
) -> None:
    endpoint, token = f"{system.url}/v1/uploads", person.tokens["access_token"]
    video, metadata = media.video(seconds=1), {"filename": "live.mp4", "format": "opus"}
    async with tus_js(
        endpoint, token, video, metadata=metadata, chunk_size=20_000, is_deferred=True
    ) as client:
        event = await client.event("success")
    done = await person.finished(event["conversion"])
    assert (done["status"], done["result"]["format"]) == ("completed", "opus")
    assert done["source"]["sha256"] == digest(video)


async def test_uppy_resumes_with_its_metadata_after_a_restart(
    system: System, person: Person, noise: Path
) -> None:
    """Uppy adds `name`, `type`, `filetype` and `filename` by itself."""
    endpoint, token = f"{system.url}/v1/uploads", person.tokens["access_token"]
    async with tus_js(
        endpoint,
        token,
        noise,
        metadata={"bitrate": "96k"},
        pause_at=4 * MIB,
        chunk_size=3 * MIB,
        program=UPPY,
    ) as client:
        await client.event("paused")
        await restarted(system, "converter", "gateway")
        client.resume()
        event = await client.event("success")
    done = await person.finished(event["conversion"])
    assert (done["source"]["sha256"], done["source"]["filename"]) == (digest(noise), "noise.mp4")
    assert done["options"]["bitrate"] == "96k"


async def test_tuspy_resumes_with_checksums_after_a_restart(
    system: System, person: Person, noise: Path
) -> None:
    client = TusClient(f"{system.url}/v1/uploads", headers=person.headers)
    with noise.open("rb") as file:
        named = {"filename": "noise.mp4"}
        first = client.uploader(file_stream=file, chunk_size=2 * MIB, metadata=named, upload_checksum=True)
        await asyncio.to_thread(first.upload, 5 * MIB)
        await restarted(system, "converter")
        again = client.uploader(file_stream=file, url=first.url, chunk_size=8 * MIB, upload_checksum=True)
        assert again.offset == 5 * MIB
        await asyncio.to_thread(again.upload)
    assert first.url is not None
    done = await person.finished(first.url.rpartition("/")[2])
    assert done["source"]["sha256"] == digest(noise)


class Recording:
    """A long video whose bytes are generated on demand, for any range."""

    def __init__(self, length: int) -> None:
        self.length = length
        blocks = [random.Random(number).randbytes(MIB) for number in range(7)]
        self._blocks = [b"\x00\x00\x00\x18ftypmp42" + blocks[0][12:], *blocks[1:]]

    def block(self, number: int) -> bytes:
        """Returns the MiB of this number; each is different."""
        content = self._blocks[0 if number == 0 else 1 + (number - 1) % 6]
        return content[: self.length - number * MIB]

    def sha256(self) -> str:
        seen = hashlib.sha256()
        for number in range(-(-self.length // MIB)):
            seen.update(self.block(number))
        return seen.hexdigest()

    async def pieces(self, first: int) -> AsyncIterator[bytes]:
        for number in range(first // MIB, -(-self.length // MIB)):
            yield self.block(number)[first % MIB if number == first // MIB else 0 :]


class Aborted(Exception):
    """Raised when the client aborts a request."""


class Sender:
    """A client that resumes at the offset that the server reports."""

    def __init__(self, system: System, person: Person, recording: Recording) -> None:
        self._system, self._person, self._recording = system, person, recording
        self._path = ""

    async def begin(self) -> None:
        headers = {**TUS, **self._person.headers, "Upload-Length": str(self._recording.length)}
        answer = await self._person.http.post("/v1/uploads", headers=headers)
        assert answer.status_code == 201, answer.text
        self._path = answer.headers["Location"]

    async def offset(self) -> int:
        answer = await self._person.http.head(self._path, headers={**TUS, **self._person.headers})
        assert answer.status_code == 200
        return int(answer.headers["Upload-Offset"])

    async def send(self, offset: int, stretch: int, accident: str) -> None:
        """Sends the rest until `stretch` bytes are sent and some are stored, then calls `accident`."""

        async def until_it_happens() -> AsyncIterator[bytes]:
            sent, before = 0, self._system.chunks()
            async for piece in self._recording.pieces(offset):
                yield piece
                sent += len(piece)
                if sent >= stretch:
                    await until(lambda: self._system.chunks() > before + 1, what="more that is stored")
                    await self._happens(accident)

        try:
            answer = await self._patch(offset, until_it_happens())
        except (Aborted, httpx.TransportError):
            return
        assert answer.status_code == 503, answer.text

    async def _happens(self, accident: str) -> None:
        if accident == "client":
            raise Aborted
        if self._system.is_running(accident):
            await asyncio.to_thread(self._system.kill, accident)

    async def rest(self, offset: int) -> str:
        answer = await self._patch(offset, self._recording.pieces(offset))
        assert answer.status_code == 204, answer.text
        return str(answer.headers["Tonegate-Conversion-Id"])

    async def _patch(self, offset: int, content: AsyncIterator[bytes]) -> httpx.Response:
        headers = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        return await self._person.http.patch(
            self._path, headers={**TUS, **self._person.headers, **headers}, content=content, timeout=600
        )


async def test_an_upload_interrupted_ten_times_is_unchanged(system: System, person: Person) -> None:
    """Set `TONEGATE_RESUMED_BYTES=2147483648` for a long upload."""
    recording = Recording(RESUMED_BYTES)
    sender, offset = Sender(system, person, recording), 0
    await sender.begin()
    for accident in islice(cycle(ACCIDENTS), TIMES):
        await sender.send(offset, RESUMED_BYTES // (TIMES + 2), accident)
        if accident != "client":
            await asyncio.to_thread(system.start, accident)
        before, offset = offset, await sender.offset()
        assert offset > before
    done = await person.finished(await sender.rest(offset), timeout_s=600)
    assert done["source"]["size"] == RESUMED_BYTES
    assert done["source"]["sha256"] == recording.sha256()
