"""What the command writes: results to standard output, all else to standard error."""

import json
import sys
from collections.abc import Sequence
from typing import Any

import msgspec

from tonegate_client.command.errors import ErrorLine, describe
from tonegate_client.command.text import columns, plain


class Output:
    """With `as_json` each result is one line of JSON, and so is an error on standard error.

    `group` is the first word of the subcommand, for errors.
    """

    def __init__(self, *, as_json: bool, group: str = "") -> None:
        self.as_json = as_json
        self._group = group

    def result(self, record: Any, *lines: str) -> None:
        """Writes `record` as JSON, or the lines for people."""
        if self.as_json:
            self._write(to_json(record))
        else:
            for line in lines:
                self._write(plain(line))

    def deleted(self, identity: str) -> None:
        """Writes that what has this id is deleted."""
        self.result({"id": identity, "deleted": True}, f"{identity}  deleted")

    def table(self, records: Sequence[Any], head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Writes `records` as one JSON list, or the rows below a head."""
        if self.as_json:
            self._write(to_json(records))
        elif rows:
            for line in columns([head, *rows]):
                self._write(line)
        else:
            self.note("There are none.")

    def note(self, text: str) -> None:
        """Tells people something; programs get nothing."""
        if not self.as_json:
            self._tell(plain(text))

    def error(self, error: BaseException, subject: str = "") -> ErrorLine:
        """Writes one line about an error, and returns it."""
        line = describe(error, self._group)
        if self.as_json:
            self._tell(to_json({"error": error_record(line)}))
        else:
            self._tell(plain(f"{subject}: {line.text}" if subject else line.text))
        return line

    def _write(self, line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    def _tell(self, line: str) -> None:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def to_json(record: Any) -> str:
    """ASCII only: names that are not UTF-8 have escapes of lone surrogates (PEP 383)."""
    return json.dumps(msgspec.to_builtins(record, enc_hook=str))


def error_record(line: ErrorLine) -> dict[str, str]:
    record = {"code": line.code, "message": line.message, "hint": line.hint, "request_id": line.request_id}
    return {name: value for name, value in record.items() if value}
