"""Several conversions at once: batches of requests, outcomes, archives."""

import json
from pathlib import Path

import httpx
import pytest

from tests.unit.client.server import StubServer, problem
from tonegate_client.command.app import run
from tonegate_client.command.exit_codes import ExitCode

pytestmark = pytest.mark.usefixtures("folders")


def acted(request: httpx.Request) -> httpx.Response:
    error = {"code": "conflict", "detail": "It has completed.", "retry_after": None}
    ids = json.loads(request.content)["ids"]
    items = [
        {"id": each, "status": 204} | ({"status": 409, "error": error} if each == "c7" else {})
        for each in ids
    ]
    return httpx.Response(200, json={"items": items})


def test_many_are_sent_in_batches_and_one_that_failed_is_an_error(
    server: StubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.script = acted
    ids = [f"c{number}" for number in range(150)]
    assert run(["delete", "--yes", *ids]) == ExitCode.FAILED
    assert [len(json.loads(each.content)["ids"]) for each in server.seen if "bulk" in str(each.url)] == [
        100,
        50,
    ]
    output = capsys.readouterr().out
    assert "c7    It has completed. (conflict)" in output
    assert output.count("deleted") == 149


def test_an_archive_is_written_whole_or_not_at_all(
    server: StubServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "audio.zip"
    server.script = lambda _: httpx.Response(200, stream=httpx.ByteStream(b"PK"))
    assert run(["archive", "c1", "c2", "-o", str(target)]) == ExitCode.DONE
    assert server.seen[-1].url.params["ids"] == "c1,c2"
    assert target.read_bytes() == b"PK"
    assert run(["archive", "c1", "-o", str(target)]) == ExitCode.FAILED
    assert "exists already" in capsys.readouterr().err
    server.script = lambda _: problem(409, "not_ready")
    assert run(["archive", "c1", "-o", str(target), "--overwrite"]) == ExitCode.FAILED
    assert [path.name for path in tmp_path.glob("*.zip")] == ["audio.zip"]
    assert target.read_bytes() == b"PK"
    assert run(["archive", *(f"c{number}" for number in range(101))]) == ExitCode.USAGE
