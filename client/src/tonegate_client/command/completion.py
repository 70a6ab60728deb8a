"""`tonegate completion`."""

import click
from click.shell_completion import get_completion_class

from tonegate_client.command.exit_codes import ExitCode
from tonegate_client.command.output import Output

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_TONEGATE_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.option("--json", "as_json", is_flag=True, help="Write JSON, for programs.")
@click.pass_context
def completion(context: click.Context, shell: str, as_json: bool) -> int:
    """Print a script that completes words in a shell.

    For bash: tonegate completion bash > ~/.local/share/bash-completion/completions/tonegate

    For zsh, into a folder of $fpath: tonegate completion zsh > ~/.zfunc/_tonegate

    For fish: tonegate completion fish > ~/.config/fish/completions/tonegate.fish
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"{shell} is not supported.")
    script = kind(context.find_root().command, {}, "tonegate", VARIABLE).source()
    Output(as_json=as_json).result({"shell": shell, "script": script}, *script.splitlines())
    return ExitCode.DONE
