"""Options that several subcommands have, and the question before something is removed for good."""

import sys

import click

limit_option = click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many at most."
)
only_sound_option = click.option(
    "--only-sound",
    is_flag=True,
    help="Send the sound of a video without its pictures, where that gives the same result.",
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


def confirm(question: str, *, yes: bool) -> None:
    """Asks at a terminal, unless `yes`. Raises click.Abort for no."""
    if not yes and sys.stdin.isatty():
        click.confirm(question, abort=True, err=True)
