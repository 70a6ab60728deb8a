"""Resumable uploads of the client: from where the server has the bytes, and never of a changed file."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.unit.client.server import StubServer, problem
from tonegate_client.models import Options
from tonegate_client.problems import Problem, SourceChanged
from tonegate_client.source_file import PIECE_BYTES, source_file
from tonegate_client.upload_transfer import STREAM_CHUNK_BYTES, UploadGone

VIDEO = bytes(range(256)) * (3 * PIECE_BYTES // 256)


@dataclass
class TusServer:
    """One upload. Each number of `breaks` ends a request after so many bytes."""

    breaks: list[int] = field(default_factory=list)
    stored: bytearray = field(default_factory=bytearray)
    length: int | None = None
    keys: set[str] = field(default_factory=set)
    refusal: httpx.Response | None = None

    async def answer(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            self.keys.add(request.headers["idempotency-key"])
            self.length = int(request.headers.get("upload-length", "-1"))
            return httpx.Response(201, headers={**self.state(), "Location": "https://other.example/a/u1"})
        if self.refusal is not None and request.method == "PATCH":
            answer, self.refusal = self.refusal, None
            return answer
        if request.method == "PATCH":
            assert int(request.headers["upload-offset"]) == len(self.stored)
            await self.receive(request)
            if "upload-length" in request.headers:
                self.length = int(request.headers["upload-length"])
        return httpx.Response(200 if request.method == "HEAD" else 204, headers=self.state())

    async def receive(self, request: httpx.Request) -> None:
        left = self.breaks.pop(0) if self.breaks else None
        assert isinstance(request.stream, httpx.AsyncByteStream)
        async for piece in request.stream:
            self.stored += piece[:left]
            if left is not None:
                left -= len(piece)
                if left <= 0:
                    raise httpx.WriteError("")

    def state(self) -> dict[str, str]:
        is_complete = len(self.stored) == self.length
        done = {"Tonegate-Conversion-Id": "u1"} if is_complete else {}
        return {"Upload-Offset": str(len(self.stored)), **done}


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "talk.mp4"
    path.write_bytes(VIDEO)
    return path


async def test_a_broken_upload_goes_on_where_the_server_has_it(video: Path) -> None:
    tus, sent = TusServer(breaks=[1000, PIECE_BYTES + 1, 1, 1, 1, 1]), list[int]()
    async with StubServer(tus.answer).client() as client:
        source = source_file(video)
        made = await client.uploads.create(source.name, Options(), source.size, "k1")
        assert await client.transfer.send_file(made.id, source, sent.append) == "u1"
    assert bytes(tus.stored) == VIDEO
    assert (sent[0], sent[-1]) == (0, len(VIDEO))


@pytest.mark.parametrize("status", [408, 409, 423, 429, 503])
async def test_an_upload_is_continued_after_a_passing_refusal(video: Path, status: int) -> None:
    tus = TusServer(refusal=problem(status, "busy", {"Retry-After": "0"}))
    async with StubServer(tus.answer).client() as client:
        source = source_file(video)
        made = await client.uploads.create(source.name, Options(), source.size, "k1")
        await client.transfer.send_file(made.id, source)
    assert bytes(tus.stored) == VIDEO


async def test_a_final_refusal_ends_an_upload(video: Path) -> None:
    tus = TusServer(refusal=problem(413, "too_large"))
    async with StubServer(tus.answer).client() as client:
        with pytest.raises(Problem) as caught:
            await client.transfer.send_file("u1", source_file(video))
    assert caught.value.code == "too_large"


async def test_an_upload_that_the_server_has_deleted_is_reported_as_such(video: Path) -> None:
    async with StubServer(lambda _: httpx.Response(410)).client() as client:
        with pytest.raises(UploadGone):
            await client.transfer.send_file("u1", source_file(video))


async def test_the_token_goes_to_the_server_only_wherever_the_location_points(video: Path) -> None:
    server = StubServer(TusServer().answer)
    async with server.client() as client:
        source = source_file(video)
        made = await client.uploads.create(source.name, Options(), source.size, "k1")
        await client.transfer.send_file(made.id, source)
    assert {each.url.host for each in server.seen} == {"media.example.org"}


async def test_a_redirect_is_not_followed() -> None:
    elsewhere = httpx.Response(307, headers={"Location": "https://other.example/v1/conversions/c1"})
    server = StubServer(lambda _: elsewhere)
    async with server.client() as client:
        with pytest.raises(Problem):
            await client.conversions.get("c1")
    assert len(server.seen) == 1


async def test_a_file_that_changes_while_it_is_sent_never_becomes_complete(video: Path) -> None:
    tus = TusServer()
    async with StubServer(tus.answer).client() as client:
        source = source_file(video)
        made = await client.uploads.create(source.name, Options(), source.size, "k1")

        def change(sent: int) -> None:
            if sent == PIECE_BYTES:
                video.write_bytes(VIDEO[:-1] + b"?")

        with pytest.raises(SourceChanged):
            await client.transfer.send_file(made.id, source, change)
    assert len(tus.stored) < len(VIDEO)


async def test_a_stream_of_unknown_length_is_sent_in_chunks_that_can_be_repeated() -> None:
    content = bytes(range(256)) * (2 * STREAM_CHUNK_BYTES // 256) + b"the rest"

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 1_000_000):
            yield content[start : start + 1_000_000]

    tus = TusServer(breaks=[5_000_000, 3])
    async with StubServer(tus.answer).client() as client:
        await client.transfer.send_stream(b"live.mkv", Options(), pieces(), "k1")
    assert bytes(tus.stored) == content


async def test_the_name_and_the_options_are_sent_as_metadata(tmp_path: Path) -> None:
    path = tmp_path / "a b.mp4"
    path.write_bytes(b"x")
    server = StubServer(TusServer().answer)
    async with server.client() as client:
        options = Options(bitrate="96k", start=0.5, title="")
        await client.uploads.create(source_file(path).name, options, 1, "k1")
    metadata = server.seen[0].headers["upload-metadata"]
    assert metadata == "filename YSBiLm1wNA==,format bXAz,bitrate OTZr,start MC41,title "
