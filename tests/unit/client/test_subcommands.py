"""Each subcommand makes the call that the API documents, and says in one line what came of it."""

import json
import shlex
from collections.abc import Iterator

import click
import pytest

from tests.unit.client.server import URL, StubServer, problem
from tonegate_client.command.app import build, run
from tonegate_client.command.exit_codes import ExitCode

pytestmark = pytest.mark.usefixtures("folders")

# Run by the tests of the whole system, or by test_command.
ELSEWHERE = {"login", "logout", "whoami", "convert", "watch", "get", "archive", "doctor", "completion"}
# Arguments; call; body; a part of the last line.
CASES: tuple[tuple[str, str, object, str], ...] = (
    ("list --status failed --search a", "GET /v1/conversions?status=failed&q=a&limit=20", None, "talk.mp4"),
    ("show c1", "GET /v1/conversions/c1", None, "expires   -"),
    ("link c1 --expires-in 60", "POST /v1/conversions/c1/link", {"expires_in": 60.0}, f"{URL}/a"),
    ("unlink c1", "DELETE /v1/conversions/c1/link", None, "c1  all links have ended"),
    ("rename c1 Ada", "PATCH /v1/conversions/c1", {"title": "Ada"}, "c1  Ada"),
    ("rename c1 ''", "PATCH /v1/conversions/c1", {"title": None}, "c1  Ada"),
    ("cancel c1", "POST /v1/conversions/c1/cancel", None, "c1  cancelled"),
    ("retry c1", "POST /v1/conversions/c1/retry", None, "c1  queued"),
    ("delete c1", "DELETE /v1/conversions/c1", None, "c1  deleted"),
    ("delete c1 c2", "POST /v1/conversions/bulk", {"ids": ["c1", "c2"], "action": "delete"}, "c2  deleted"),
    ("cancel c1 c2", "POST /v1/conversions/bulk", {"ids": ["c1", "c2"], "action": "cancel"}, "c2  deleted"),
    ("retry c1 c2", "POST /v1/conversions/bulk", {"ids": ["c1", "c2"], "action": "retry"}, "c2  deleted"),
    ("waveform c1", "GET /v1/conversions/c1/waveform", None, '"data": [-127, 127]'),
    ("chapters c1", "GET /v1/conversions/c1/chapters", None, "1:00:00.000  1:00:01.500  One"),
    ("presets", "GET /v1/presets", None, "voice  default  channels=1"),
    ("presets list", "GET /v1/presets", None, "voice  default  channels=1"),
    (
        "presets create voice --default --channels 1",
        "POST /v1/presets",
        {"name": "voice", "options": {"format": "mp3", "channels": 1}, "default": True},
        "voice  default",
    ),
    ("presets default voice", "PATCH /v1/presets/voice", {"default": True}, "voice  default"),
    ("presets default voice --off", "PATCH /v1/presets/voice", {"default": False}, "voice"),
    ("presets delete voice", "DELETE /v1/presets/voice", None, "voice  deleted"),
    ("keys list", "GET /v1/auth/api-keys", None, "nightly"),
    ("keys", "GET /v1/auth/api-keys", None, "nightly"),
    (
        "keys create nightly --scope conversions:read",
        "POST /v1/auth/api-keys",
        {"name": "nightly", "scopes": ["conversions:read"]},
        "tgk_abc",
    ),
    ("keys delete k1", "DELETE /v1/auth/api-keys/k1", None, "k1  deleted"),
    ("webhooks list", "GET /v1/webhooks", None, "https://example.com/hook"),
    ("webhooks create http://a", "POST /v1/webhooks", {"url": "http://a"}, "w1  whsec_1"),
    (
        "webhooks change w1 --url http://a --event conversion.failed --disable",
        "PATCH /v1/webhooks/w1",
        {"url": "http://a", "events": ["conversion.failed"], "status": "disabled"},
        "w1  disabled  https://example.com/hook  conversion.failed",
    ),
    ("webhooks change w1 --enable", "PATCH /v1/webhooks/w1", {"status": "enabled"}, "w1"),
    ("webhooks delete w1", "DELETE /v1/webhooks/w1", None, "w1  deleted"),
    ("webhooks rotate-secret w1", "POST /v1/webhooks/w1/secret", None, "w1  whsec_2"),
    ("webhooks test w1", "POST /v1/webhooks/w1/test", None, "d1  pending"),
    (
        "webhooks deliveries w1 --status failed --limit 7",
        "GET /v1/webhooks/w1/deliveries?status=failed&limit=7",
        None,
        "1         500   conversion.failed",
    ),
    ("webhooks replay w1 d1", "POST /v1/webhooks/w1/deliveries/d1/replay", None, "d1  pending"),
    ("admin overview", "GET /v1/admin/overview", None, "3         2          1"),
    ("admin audit --limit 1", "GET /v1/admin/audit?limit=1", None, "user_changed  u1  u2     192.0.2.1"),
    ("admin users --email ada", "GET /v1/admin/users?email=ada&limit=20", None, "ada@example.com"),
    ("admin users list", "GET /v1/admin/users?limit=20", None, "u1  enabled  user"),
    ("admin users disable u1", "PATCH /v1/admin/users/u1", {"disabled": True}, "disabled  user"),
    ("admin users enable u1", "PATCH /v1/admin/users/u1", {"disabled": False}, "ada@example.com"),
    (
        "admin users roles u1 user admin",
        "PATCH /v1/admin/users/u1",
        {"roles": ["user", "admin"]},
        "ada@example.com",
    ),
    (
        "admin conversions list --owner u1 --status failed",
        "GET /v1/admin/conversions?owner_id=u1&status=failed&limit=20",
        None,
        "u1     c1  completed",
    ),
    (
        "admin dead-letters list --status waiting",
        "GET /v1/admin/dead-letters?status=waiting&limit=20",
        None,
        "mail   -     malformed",
    ),
    ("admin dead-letters show l1", "GET /v1/admin/dead-letters/l1", None, "}"),
    ("admin dead-letters replay l1", "POST /v1/admin/dead-letters/l1/replay", None, "l1  replayed"),
    ("admin dead-letters discard l1", "DELETE /v1/admin/dead-letters/l1", None, "l1  discarded"),
)


@pytest.mark.parametrize(("arguments", "call", "body", "line"), CASES, ids=[case[0] for case in CASES])
def test_a_subcommand_makes_its_call_and_reports_the_result(
    server: StubServer,
    capsys: pytest.CaptureFixture[str],
    arguments: str,
    call: str,
    body: object,
    line: str,
) -> None:
    assert run(shlex.split(arguments)) == ExitCode.DONE
    (request,) = server.seen
    assert f"{request.method} {request.url.raw_path.decode()}" == call
    assert (json.loads(request.content) if request.content else None) == body
    assert line in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize("arguments", [case[0] for case in CASES])
def test_with_json_a_subcommand_writes_one_line_of_json(
    server: StubServer, capsys: pytest.CaptureFixture[str], arguments: str
) -> None:
    assert run([*shlex.split(arguments), "--json"]) == ExitCode.DONE
    output, errors = capsys.readouterr()
    (line,) = output.splitlines()
    assert isinstance(json.loads(line), dict | list)
    assert errors == ""


def test_every_subcommand_is_in_a_test() -> None:
    tested = {name for name in names_of(build()) for case in CASES if f"{case[0]} ".startswith(f"{name} ")}
    assert tested | ELSEWHERE == set(names_of(build()))


def names_of(group: click.Group, before: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from names_of(command, f"{before}{name} ")
        else:
            yield f"{before}{name}"


def test_messages_of_dead_letters_cannot_disturb_the_terminal(
    server: StubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["admin", "dead-letters", "show", "l1"])
    output = capsys.readouterr().out
    assert "moved\\x1b" in output
    assert '"to": "a\\u001bb"' in output
    assert "\x1b" not in output


@pytest.mark.parametrize(
    ("arguments", "code", "hint"),
    [
        ("admin users", "forbidden", "Sign in with the password of an administrator: tonegate login"),
        ("admin users disable u9", "not_found", "The lists of tonegate admin have the IDs."),
        ("webhooks test w9", "not_found", "See: tonegate webhooks list"),
        ("keys delete k9", "not_found", "See: tonegate keys list"),
        ("show c9", "not_found", "See: tonegate list"),
        ("list", "forbidden", "An API key needs the scope for this call; see: tonegate keys list"),
    ],
)
def test_a_refusal_is_one_line_that_says_what_to_do(
    server: StubServer, capsys: pytest.CaptureFixture[str], arguments: str, code: str, hint: str
) -> None:
    server.script = lambda _: problem(403 if code == "forbidden" else 404, code)
    assert run(shlex.split(arguments)) == ExitCode.FAILED
    assert capsys.readouterr().err == f"Refused. {hint}\n"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            "webhooks change w1",
            "Nothing to change: use --url, --event, --enable or --disable.",
        ),
        (
            "convert",
            "Name the files or folders to convert, or - for standard input.",
        ),
        (
            "convert --again c1 talk.mp4",
            "With --again there is no file to send, and the result is saved as a file.",
        ),
    ],
)
def test_arguments_that_do_not_fit_are_refused_before_any_call(
    server: StubServer, capsys: pytest.CaptureFixture[str], arguments: str, line: str
) -> None:
    assert run(shlex.split(arguments)) == ExitCode.USAGE
    words = shlex.split(arguments)
    path = " ".join(words[:2] if words[0] == "webhooks" else words[:1])
    assert capsys.readouterr().err == f"{line} See: tonegate {path} --help\n"
    assert server.seen == []
