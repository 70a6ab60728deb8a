"""docs/command-line.md is what the code of the command says."""

import re

import click

from devstack.home import REPOSITORY
from tonegate_client.command.app import build
from tonegate_client.command.reference import render


def test_the_page_about_the_command_line_is_current() -> None:
    page = (REPOSITORY / "docs/command-line.md").read_text()
    made = (
        "PYTHONPATH=client/src .venv/bin/python -m tonegate_client.command.reference > docs/command-line.md"
    )
    assert page == render(), f"make it anew: {made}"


def test_every_command_can_write_json_and_explains_itself() -> None:
    context = click.Context(build())
    for name, command in _commands(build(), context):
        assert "--json" in {option for each in command.params for option in each.opts}, name
        assert re.fullmatch(r"[A-Z].*\.", command.get_short_help_str(200)), name
        for option in (each for each in command.params if isinstance(each, click.Option)):
            assert option.hidden or re.fullmatch(r"[0-9A-Z].*\.", str(option.help)), f"{name} {option.name}"


def _commands(group: click.Group, context: click.Context) -> list[tuple[str, click.Command]]:
    found = list[tuple[str, click.Command]]()
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found += _commands(command, context) if isinstance(command, click.Group) else [(name, command)]
    return found
