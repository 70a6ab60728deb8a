"""Downloads of the client: continued, checked, complete or not there."""

import asyncio
import hashlib
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from tests.unit.client.server import StubServer
from tonegate_client import part_file as part_file_module
from tonegate_client.models import Audio
from tonegate_client.part_file import part_file, part_of
from tonegate_client.problems import DigestMismatch, Problem
from tonegate_client.state.file_lock import lock_at_once

CONTENT = bytes(range(256)) * 10_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
AUDIO = Audio(size=len(CONTENT), duration=1.0, format="mp3", sha256=SHA256, url="/v1/conversions/c1/audio")


class Broken(httpx.AsyncByteStream):
    """The first bytes, then the connection breaks."""

    def __init__(self, sent: bytes) -> None:
        self._sent = sent

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._sent
        raise httpx.ReadError("")


class AudioServer(StubServer):
    """Sends at most `most` bytes in one response, and honours Range."""

    def __init__(self, content: bytes = CONTENT, most: int = 1_000_000) -> None:
        super().__init__(self._script)
        self._content = content
        self._most = most

    def _script(self, request: httpx.Request) -> httpx.Response:
        wanted = request.headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-")
        start = int(wanted)
        if start and request.headers["if-range"] != f'"{SHA256}"':
            start = 0
        rest = self._content[start:]
        stream = Broken(rest[: self._most]) if len(rest) > self._most else httpx.ByteStream(rest)
        headers = {"Content-Range": f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"}
        return httpx.Response(206 if start else 200, headers=headers if start else {}, stream=stream)


async def test_a_broken_download_is_continued(tmp_path: Path) -> None:
    server, target = AudioServer(), tmp_path / "talk.mp3"
    async with server.client() as client:
        await client.downloads.save("c1", AUDIO, target)
    assert target.read_bytes() == CONTENT
    assert [each.headers.get("range") for each in server.seen] == [None, "bytes=1000000-", "bytes=2000000-"]
    assert list(tmp_path.iterdir()) == [target]


async def test_what_an_earlier_process_received_is_not_received_again(tmp_path: Path) -> None:
    server, target = AudioServer(), tmp_path / "talk.mp3"
    part_of(target, "c1").write_bytes(CONTENT[:2_500_000])
    async with server.client() as client:
        await client.downloads.save("c1", AUDIO, target)
    assert target.read_bytes() == CONTENT
    assert [each.headers.get("range") for each in server.seen] == ["bytes=2500000-"]


@pytest.mark.parametrize("damaged", [bytes(2_500_000), CONTENT + b"more", CONTENT[:-1] + b"?"])
async def test_a_damaged_part_is_received_anew(tmp_path: Path, damaged: bytes) -> None:
    target = tmp_path / "talk.mp3"
    part_of(target, "c1").write_bytes(damaged)
    async with AudioServer(most=9_999_999).client() as client:
        await client.downloads.save("c1", AUDIO, target)
    assert target.read_bytes() == CONTENT


async def test_bytes_that_differ_from_the_announced_ones_are_no_result(tmp_path: Path) -> None:
    target = tmp_path / "talk.mp3"
    target.write_bytes(b"earlier")
    async with AudioServer(CONTENT[:-1] + b"?", most=9_999_999).client() as client:
        with pytest.raises(DigestMismatch):
            await client.downloads.save("c1", AUDIO, target)
    assert target.read_bytes() == b"earlier"


@pytest.mark.parametrize("content", [b"", CONTENT + b"more"], ids=["less", "more"])
async def test_a_server_that_sends_less_or_more_than_the_audio_ends_the_download(
    tmp_path: Path, content: bytes
) -> None:
    server = StubServer(lambda _: httpx.Response(200, stream=httpx.ByteStream(content)))
    async with server.client() as client:
        with pytest.raises(Problem) as wrong:
            await client.downloads.save("c1", AUDIO, tmp_path / "talk.mp3")
    assert wrong.value.code == "unexpected_response"
    assert len(server.seen) <= 4
    assert not (tmp_path / "talk.mp3").exists()


@pytest.mark.parametrize("identity", ["../../c1", "..\\c1", "/etc/passwd", "c" * 300])
def test_a_part_is_kept_beside_its_target_whatever_the_id(tmp_path: Path, identity: str) -> None:
    part = part_of(tmp_path / "talk.mp3", identity)
    assert part.parent == tmp_path
    assert "\\" not in part.name
    assert len(part.name) < 100


class SlowAudioServer(AudioServer):
    """Sends nothing until all requests have arrived."""

    def __init__(self, requests: int) -> None:
        super().__init__(most=9_999_999)
        self._barrier = asyncio.Barrier(requests)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        async with asyncio.timeout(30):
            await self._barrier.wait()
        return await super().answer(request)


async def test_downloads_of_one_conversion_at_the_same_time_do_not_disturb_each_other(tmp_path: Path) -> None:
    server, targets = SlowAudioServer(3), [tmp_path / f"{number}.mp3" for number in range(3)]
    async with server.client() as client:
        await asyncio.gather(*(client.downloads.save("c1", AUDIO, target) for target in targets))
    assert [target.read_bytes() for target in targets] == [CONTENT] * 3
    assert sorted(tmp_path.iterdir()) == targets


def test_a_part_file_that_another_process_has_is_left_alone(tmp_path: Path) -> None:
    target, shared = tmp_path / "talk.mp3", part_of(tmp_path / "talk.mp3", "c1")
    shared.write_bytes(b"of another process")
    hold = (
        "import fcntl, sys; file = open(sys.argv[1]); fcntl.flock(file, fcntl.LOCK_EX);"
        "print(flush=True); input()"
    )
    command = [sys.executable, "-c", hold, str(shared)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with part_file(target, "c1") as part:
            part.write(b"mine")
            part.become(target)
        with part_file(target, "c1") as abandoned:
            abandoned.write(b"unfinished")
        assert (target.read_bytes(), shared.read_bytes()) == (b"mine", b"of another process")
        other.communicate(b"\n")
    with part_file(target, "c1") as part:
        assert part.size == len(b"of another process")
    assert sorted(tmp_path.iterdir()) == sorted([shared, target])


def test_a_part_file_that_becomes_a_result_while_it_is_opened_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, shared = tmp_path / "talk.mp3", part_of(tmp_path / "talk.mp3", "c1")
    shared.write_bytes(CONTENT)

    def lock_once_another_has_finished(descriptor: int) -> AbstractContextManager[None]:
        shared.replace(target)
        return lock_at_once(descriptor)

    monkeypatch.setattr(part_file_module, "lock_at_once", lock_once_another_has_finished)
    with part_file(target, "c1") as part:
        part.write(b"other")
    assert target.read_bytes() == CONTENT
