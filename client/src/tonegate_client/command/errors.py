"""One line for each error: what is wrong, and what to do; and its exit code."""

import errno
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import click

from tonegate_client.command.exit_codes import ExitCode
from tonegate_client.command.text import plain
from tonegate_client.problems import (
    ConversionFailed,
    DigestMismatch,
    NotSignedIn,
    Problem,
    ServerUnreachable,
    SourceChanged,
    TonegateError,
)
from tonegate_client.state.keyring_vault import KeyringUnusable

SIGN_IN = "Run: tonegate login"
HINTS: Mapping[str, str] = MappingProxyType(
    {
        "unauthenticated": SIGN_IN,
        "proof_required": "Sign in again and repeat the command within five minutes: tonegate login",
        "forbidden": "An API key needs the scope for this call; see: tonegate keys list",
        "not_found": "See: tonegate list",
        "overloaded": "Try again later.",
        "unavailable": "Try again later; see: tonegate doctor",
        "unexpected_response": "Check the address: tonegate doctor",
    }
)
# Hints of groups of subcommands, which take the place of those above.
OF_GROUPS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("keys", "not_found"): "See: tonegate keys list",
        ("keys", "forbidden"): "Keys are managed with a password, not with a key; run: tonegate login",
        ("webhooks", "not_found"): "See: tonegate webhooks list",
        ("admin", "not_found"): "The lists of tonegate admin have the IDs.",
        ("admin", "forbidden"): "Sign in with the password of an administrator: tonegate login",
    }
)
BY_CODE: Mapping[str, ExitCode] = MappingProxyType(
    {
        "unauthenticated": ExitCode.NOT_SIGNED_IN,
        "invalid_credentials": ExitCode.NOT_SIGNED_IN,
        "second_factor_required": ExitCode.NOT_SIGNED_IN,
        "overloaded": ExitCode.SERVER_AWAY,
        "unavailable": ExitCode.SERVER_AWAY,
        "http_502": ExitCode.SERVER_AWAY,
        "http_503": ExitCode.SERVER_AWAY,
        "http_504": ExitCode.SERVER_AWAY,
    }
)
# Class of the error, code, what to do, exit code; the first that fits counts.
BY_CLASS: tuple[tuple[type[Exception], str, str, ExitCode], ...] = (
    (NotSignedIn, "not_signed_in", SIGN_IN, ExitCode.NOT_SIGNED_IN),
    (ServerUnreachable, "unreachable", "See: tonegate doctor", ExitCode.SERVER_AWAY),
    (SourceChanged, "source_changed", "Run the command again once it is complete.", ExitCode.FAILED),
    (DigestMismatch, "digest_mismatch", "Run the command again.", ExitCode.FAILED),
    (
        KeyringUnusable,
        "keyring_unusable",
        "Unlock it, or keep the secret in a file: tonegate login --no-keyring",
        ExitCode.FAILED,
    ),
    (
        sqlite3.Error,
        "state_unusable",
        "Its folder may be full or read-only: tonegate doctor",
        ExitCode.FAILED,
    ),
    (TonegateError, "failed", "", ExitCode.FAILED),
    (ValueError, "failed", "", ExitCode.FAILED),
)


@dataclass(frozen=True)
class ErrorLine:
    """`message` and `hint` are sentences; `hint` may be empty."""

    code: str
    message: str
    hint: str
    exit_code: ExitCode
    request_id: str = ""

    @property
    def text(self) -> str:
        return f"{self.message} {self.hint}".strip()


def describe(error: BaseException, group: str = "") -> ErrorLine:
    """Errors that are not foreseen are named by their class. `group` is the first word of the subcommand."""
    if isinstance(error, Problem):
        return _of_problem(error, group)
    if isinstance(error, OSError):
        return _of_system(error)
    if isinstance(error, click.ClickException):
        return _of_usage(error)
    if isinstance(error, ConversionFailed):
        return ErrorLine(error.code, str(error), "", ExitCode.FAILED)
    for kind, code, hint, exit_code in BY_CLASS:
        if isinstance(error, kind):
            return ErrorLine(code, str(error), hint, exit_code)
    return ErrorLine("failed", f"{type(error).__name__}: {error}.", "", ExitCode.FAILED)


def _of_problem(problem: Problem, group: str) -> ErrorLine:
    hint = OF_GROUPS.get((group, problem.code)) or HINTS.get(problem.code, "")
    if problem.code == "rate_limited" and problem.retry_after_s:
        hint = f"Try again in {problem.retry_after_s:.0f} s."
    exit_code = BY_CODE.get(problem.code, ExitCode.FAILED)
    return ErrorLine(problem.code, str(problem), hint, exit_code, problem.request_id)


def _of_usage(error: click.ClickException) -> ErrorLine:
    context = error.ctx if isinstance(error, click.UsageError) else None
    message = " ".join(error.format_message().split())
    hint = f"See: {context.command_path if context else 'tonegate'} --help"
    return ErrorLine(
        "usage", message if message.endswith((".", "?")) else f"{message}.", hint, ExitCode.USAGE
    )


def _of_system(error: OSError) -> ErrorLine:
    where = f"{plain(str(error.filename))}: " if error.filename else ""
    hint = ""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        hint = "Free some space and run the command again; it goes on where it stopped."
    return ErrorLine("system_error", f"{where}{error.strerror or error}.", hint, ExitCode.FAILED)
