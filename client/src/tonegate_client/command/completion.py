"""`tonegate completion`."""

import click
from click.shell_completion import get_completion_class

from tonegate_client.command.exit_codes import ExitCode

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_TONEGATE_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.option("--json", "as_json", is_flag=True, hidden=True)
@click.pass_context
def completion(context: click.Context, shell: str, as_json: bool) -> int:
    """Print a script that completes words in a shell.

    For bash: tonegate completion bash > ~/.local/share/bash-completion/completions/tonegate
    """
    del as_json
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"{shell} is not supported.")
    click.echo(kind(context.find_root().command, {}, "tonegate", VARIABLE).source())
    return ExitCode.DONE
