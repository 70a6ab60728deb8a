"""The command: exit codes, error lines, arguments."""

import errno
import functools
import os
from pathlib import Path

import click
import httpx
import pytest
from click.shell_completion import ShellComplete

from devstack.ports import free_port
from tests.unit.client.server import StubServer
from tonegate_client.batch.sources import Source
from tonegate_client.command.app import build, run
from tonegate_client.command.batch_run import may_pass
from tonegate_client.command.errors import describe
from tonegate_client.command.exit_codes import ExitCode
from tonegate_client.command.options import parse_time
from tonegate_client.command.session import is_exposed, server_address
from tonegate_client.command.text import columns, plain, size_text
from tonegate_client.command.watch import SettledFiles
from tonegate_client.problems import Problem, SourceChanged

pytestmark = pytest.mark.usefixtures("folders")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], ExitCode.DONE),
        (["completion", "bash"], ExitCode.DONE),
        (["list"], ExitCode.NOT_SIGNED_IN),
        (["logout"], ExitCode.NOT_SIGNED_IN),
        ([], ExitCode.USAGE),
        (["list", "--limit", "none"], ExitCode.USAGE),
        (["unknown"], ExitCode.USAGE),
        (["list", "--server", "ftp://media.example.org"], ExitCode.USAGE),
        (["convert", "no such file.mp4"], ExitCode.USAGE),
        (["login", "--server", "http://media.example.org"], ExitCode.USAGE),
    ],
)
def test_exit_codes_tell_what_is_wrong(arguments: list[str], code: ExitCode) -> None:
    assert run(arguments) == code


def test_a_shell_is_offered_the_subcommands_of_a_group_that_lists_by_default() -> None:
    completion = ShellComplete(build(), {}, "tonegate", "_TONEGATE_COMPLETE")
    offered = {each.value for each in completion.get_completions(["keys"], "")}
    assert {"list", "create", "delete"} <= offered


def test_help_on_a_group_is_not_taken_for_its_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["admin", "dead-letters", "--help"]) == ExitCode.DONE
    assert "Send dead letters to their queues again" in capsys.readouterr().out


def test_the_doctor_says_that_a_key_is_not_sent_without_encryption(
    server: StubServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200))
    monkeypatch.setattr(httpx, "AsyncClient", functools.partial(httpx.AsyncClient, transport=transport))
    assert run(["doctor", "--server", "http://media.example.org"]) == ExitCode.USAGE
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("WRONG  encryption: there is none, so TONEGATE_API_KEY is not sent.")
    assert server.seen == []


def test_a_server_that_is_away_is_named_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TONEGATE_API_KEY", "tgk_1")
    assert run(["list", "--server", f"http://127.0.0.1:{free_port()}"]) == ExitCode.SERVER_AWAY
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("There is no connection to the server")
    assert lines[0].endswith("See: tonegate doctor")


def test_the_doctor_says_that_the_server_is_away(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--server", f"http://127.0.0.1:{free_port()}"]) == ExitCode.SERVER_AWAY
    output = capsys.readouterr().out
    assert "ok     state folder: " in output
    assert "WRONG  server: " in output


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["get"], "Missing argument 'ID'. See: tonegate get --help"),
        (["lisst"], "No such command 'lisst'. Did you mean 'list'? See: tonegate --help"),
        (["convert", "a\nb.mp4"], "a\\nb.mp4 does not exist. See: tonegate convert --help"),
    ],
)
def test_wrong_arguments_are_one_line(
    arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(arguments)
    assert capsys.readouterr().err == f"{line}\n"


def test_a_full_disk_is_explained() -> None:
    line = describe(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "a\nb.mp3"))
    assert line.text == (
        "a\\nb.mp3: No space left on device. "
        "Free some space and run the command again; it goes on where it stopped."
    )


def test_a_busy_server_is_told_from_a_refusal() -> None:
    codes = {
        code: describe(Problem(status=503, code=code, detail="No.")).exit_code
        for code in ("overloaded", "unauthenticated", "not_found")
    }
    assert codes == {
        "overloaded": ExitCode.SERVER_AWAY,
        "unauthenticated": ExitCode.NOT_SIGNED_IN,
        "not_found": ExitCode.FAILED,
    }


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("1:30", 90), ("1:02:03.5", 3723.5), ("0", 0)])
def test_times_may_have_minutes_and_hours(text: str, seconds: float) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["", "-1", "1:75:00", "1e3", "soon"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        parse_time(text)


@pytest.mark.parametrize(
    ("text", "address", "exposed"),
    [
        ("media.example.org", "https://media.example.org", False),
        ("localhost:8000", "http://localhost:8000", False),
        ("http://media.example.org/tonegate/", "http://media.example.org/tonegate", True),
    ],
)
def test_the_scheme_of_an_address_may_be_left_out(text: str, address: str, exposed: bool) -> None:
    assert (server_address(text), is_exposed(address)) == (address, exposed)


def test_names_cannot_disturb_the_terminal() -> None:
    assert plain("a\nb\x1b[31m\udcffé 😀") == "a\\nb\\x1b[31m\\xffé 😀"
    assert columns([("a", "1"), ("b\n", "22")]) == ["a    1", "b\\n  22"]
    assert (size_text(None), size_text(10), size_text(1536)) == ("-", "10 bytes", "1.5 KiB")


def test_a_watched_file_is_taken_once_it_has_stopped_growing(tmp_path: Path) -> None:
    video, settled = tmp_path / "talk.mp4", SettledFiles(tmp_path)
    looks = []
    for content in (b"a", b"ab", b"ab", b"ab", b"abc", b"abc"):
        if not video.exists() or video.read_bytes() != content:
            video.write_bytes(content)
        looks.append(len(list(settled.look())))
    assert looks == [0, 0, 1, 0, 0, 1]
    settled.give_again([Source(video)])
    assert len(list(settled.look())) == 1


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (None, False),
        (OSError(errno.ENOSPC, "full"), True),
        (Problem(status=429, code="rate_limited", detail="Slower."), True),
        (Problem(status=413, code="too_large", detail="Too large."), False),
        (SourceChanged("It changed."), True),
    ],
)
def test_a_watched_file_is_tried_again_after_what_may_pass(error: Exception | None, passes: bool) -> None:
    assert may_pass(error) is passes
