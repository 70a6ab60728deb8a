"""Exit codes of the command."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Scripts may rely on these."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_SIGNED_IN = 3
    SERVER_AWAY = 4
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.DONE: "done; files that were converted before count as done",
    ExitCode.FAILED: "something failed, at least one file",
    ExitCode.USAGE: "wrong arguments",
    ExitCode.NOT_SIGNED_IN: "not signed in, or the session has ended",
    ExitCode.SERVER_AWAY: "the server is away, or too busy",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C; the same command goes on where it stopped",
}
