"""The page docs/command-line.md, made from the command: `python -m tonegate_client.command.reference`."""

import inspect
import sys
from collections.abc import Iterator

import click

from tonegate_client.command.app import build
from tonegate_client.command.exit_codes import MEANINGS

HEAD = """# Command line

<!-- Made by `python -m tonegate_client.command.reference`; a test compares this page with the code. -->

`tonegate` converts videos to audio on a Tonegate server. It needs Python 3.10 or later:

```bash
uv tool install ./client     # or: pipx install ./client
tonegate login --server http://127.0.0.1:8000
tonegate convert talk.mp4 recordings/ -o audio/
```

Repeat a command that was interrupted, also by a crash or a restart of the machine: it goes on where it
stopped, and each file is sent and converted once. A file is known by its path, size and time of modification.

For `--only-sound` there has to be ffmpeg, or PyAV: `uv tool install './client[sound]'` (Python 3.11).
"""
OUTPUT = """## Output
`keys`, `webhooks`, `admin users`, `admin conversions` and `admin dead-letters` list without a subcommand.
Results go to standard output, all else to standard error. Bars and colours appear on terminals only;
`NO_COLOR` turns colours off. With `--json` each command writes one line of JSON to standard output,
`convert` and `watch` one line for each file (with `sent_whole`, a reason, where `--only-sound` could not be
followed), and an error is one line on standard error:
`{"error": {"code": …, "message": …, "hint": …}}`. The codes are those of the [API](api.md#errors) and of
failed conversions, and `not_signed_in`, `unreachable`, `source_changed`, `digest_mismatch`, `system_error`,
`state_unusable`, `keyring_unusable`, `usage`, `failed`. Names that are not UTF-8 appear as escapes (PEP 383).

## Variables and files
| variable | meaning |
|---|---|
"""
VARIABLES = {
    "TONEGATE_SERVER": "the server, in place of `--server`; by default that of the latest `tonegate login`",
    "TONEGATE_API_KEY": "an API key, in place of the stored credentials",
    "TONEGATE_ALLOW_HTTP": "`1` is `--allow-http`: secrets may cross a network without encryption",
    "TONEGATE_CONFIG_DIR": "folder of `credentials.json`, which only its owner can read; "
    "on Linux `~/.config/tonegate` by default",
    "TONEGATE_STATE_DIR": "folder of `jobs.sqlite3`, the state of uploads and results; "
    "on Linux `~/.local/state/tonegate` by default",
    "NO_COLOR": "no colours",
}
FILES = """
Beside a result that is being received lies a file `.tonegate-ID.part`; the next run continues and removes it.
"""


def render() -> str:
    """The page."""
    root = build()
    context = click.Context(root, info_name="tonegate")
    lines = [HEAD, "## Commands", *_overview(root, context), ""]
    for name, command in _commands(root, context):
        lines += _section(name, command)
    lines += ["## Exit codes", "| code | meaning |", "|---|---|"]
    lines += [f"| {code.value} | {meaning} |" for code, meaning in MEANINGS.items()]
    lines += ["", OUTPUT.removesuffix("\n")]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in VARIABLES.items()]
    return "\n".join([*lines, FILES])


def _overview(root: click.Group, context: click.Context) -> Iterator[str]:
    yield "| command | does |"
    yield "|---|---|"
    for name, command in _commands(root, context):
        anchor = name.replace(" ", "-")
        yield f"| [`{name}`](#{anchor}) | {command.get_short_help_str(200).removesuffix('.')} |"


def _commands(group: click.Group, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    """Names with those of their groups, and commands that are no groups."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            inner = click.Context(command, parent=context, info_name=name)
            yield from ((f"{name} {each}", found) for each, found in _commands(command, inner))
        elif command is not None:
            yield name, command


def _section(name: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=f"tonegate {name}")
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"### {name}"
    yield f"`tonegate {name} {usage}`\n"
    yield f"{inspect.cleandoc(command.help or '')}\n"
    options = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
    if options:
        yield "| option | meaning |"
        yield "|---|---|"
        for option in options:
            left, right = option.get_help_record(context) or ("", "")
            left, right = (_cell(text) for text in (left, right))
            yield f"| `{left}` | {right} |"
        yield ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("INTEGER RANGE", "N")


if __name__ == "__main__":
    sys.stdout.write(render())
