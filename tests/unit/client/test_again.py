"""`tonegate convert --again`: another conversion of a stored video."""

import hashlib
import json
from pathlib import Path

import httpx
import pytest

from tests.unit.client.server import StubServer, conversion, event
from tonegate_client.command.app import run
from tonegate_client.command.exit_codes import ExitCode

AUDIO = b"audio" * 100
RESULT = {
    "size": len(AUDIO),
    "duration": 1.0,
    "format": "flac",
    "sha256": hashlib.sha256(AUDIO).hexdigest(),
    "url": "/v1/conversions/c2/audio",
}


def stored_video(request: httpx.Request) -> httpx.Response:
    """The conversion c1, of which c2 is made."""
    if request.method == "POST":
        return httpx.Response(202, json=conversion("c2", "queued"))
    if request.url.path.endswith("/events"):
        body = event(1, "completed", conversion("c2", result=RESULT))
        return httpx.Response(200, content=body, headers={"Content-Type": "text/event-stream"})
    if request.url.path.endswith("/audio"):
        return httpx.Response(200, stream=httpx.ByteStream(AUDIO))
    return httpx.Response(200, json=conversion("c1", result={**RESULT, "format": "mp3"}))


def test_the_video_of_a_conversion_is_converted_again_with_other_options(
    server: StubServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.script = stored_video
    out = tmp_path / "audio"
    assert run(["convert", "--again", "c1", "--format", "flac", "--channels", "1", "-o", str(out)]) == 0
    assert {each.name: each.read_bytes() for each in out.iterdir()} == {"talk.flac": AUDIO}
    (made,) = (each for each in server.seen if each.method == "POST")
    assert json.loads(made.content) == {"source": "c1", "format": "flac", "channels": 1}
    assert capsys.readouterr().out == f"{out / 'talk.flac'}\n"


def test_nothing_is_converted_when_a_file_is_in_the_way(server: StubServer, tmp_path: Path) -> None:
    server.script = stored_video
    (tmp_path / "talk.mp3").write_bytes(b"mine")
    assert run(["convert", "--again", "c1", "-o", str(tmp_path)]) == ExitCode.FAILED
    assert {each.method for each in server.seen} == {"GET"}
    assert (tmp_path / "talk.mp3").read_bytes() == b"mine"
