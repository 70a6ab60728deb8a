"""The command `tonegate`: its subcommands, and the exit code of a run."""

import asyncio
import os
import sqlite3
import sys
from collections.abc import Sequence

import click
import httpx

from tonegate_client.command.admin.group import admin
from tonegate_client.command.completion import completion
from tonegate_client.command.conversions import (
    get,
    link,
    list_conversions,
    rename,
    show,
    unlink,
)
from tonegate_client.command.convert import convert
from tonegate_client.command.doctor import doctor
from tonegate_client.command.exit_codes import ExitCode
from tonegate_client.command.keys import keys
from tonegate_client.command.login import login, logout, whoami
from tonegate_client.command.output import Output
from tonegate_client.command.presets import presets
from tonegate_client.command.result_details import chapters, waveform
from tonegate_client.command.several import archive, cancel, delete, retry
from tonegate_client.command.watch import watch
from tonegate_client.command.webhooks import webhooks
from tonegate_client.problems import TonegateError

SUBCOMMANDS: tuple[click.Command, ...] = (
    *(login, logout, whoami, convert, watch),
    *(list_conversions, show, get, archive, link, unlink, rename, cancel, retry, delete),
    *(waveform, chapters),
    *(presets, keys, webhooks, admin, doctor, completion),
)


class OrderedGroup(click.Group):
    """Lists the subcommands in the order of use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(self.commands)


def build() -> click.Group:
    group = OrderedGroup(
        "tonegate",
        help="Convert videos to audio on a Tonegate server.",
        epilog="Start with: tonegate login --server URL",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    group = click.version_option(package_name="tonegate-client", prog_name="tonegate")(group)
    for each in SUBCOMMANDS:
        group.add_command(each)
    return group


def run(arguments: Sequence[str]) -> int:
    """Runs the command and returns its exit code."""
    output = Output(as_json="--json" in arguments, group=next(iter(arguments), ""))
    try:
        result = build().main(list(arguments), prog_name="tonegate", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return ExitCode.USAGE
    except click.ClickException as error:
        return output.error(error).exit_code
    except (click.Abort, KeyboardInterrupt, asyncio.CancelledError):
        sys.stderr.write("Interrupted.\n")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Nobody reads the output any more; the interpreter must not try again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED
    except (TonegateError, OSError, ValueError, sqlite3.Error, httpx.HTTPError) as error:
        return output.error(error).exit_code
    return int(result) if isinstance(result, int) else ExitCode.DONE


def main() -> None:
    sys.exit(run(sys.argv[1:]))
