"""Command line: `python -m backup create | verify | restore | restore-secrets DIRECTORY`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from backup.creation import create
from backup.errors import BackupError
from backup.layout import SECRETS
from backup.restoration import restore
from backup.secrets import restore_secrets
from backup.settings import BackupSettings
from backup.verification import verify, verify_records
from shared.settings import SettingsError, load

EXIT_CONFIGURATION = 78  # EX_CONFIG of sysexits.h, as the services


def main(arguments: Sequence[str]) -> str:
    """Executes one command; returns what it did, for the terminal."""
    chosen = _parser().parse_args(arguments)
    backup: Path = chosen.directory
    match chosen.command:
        case "create":
            made = create(_settings(), backup, previous=chosen.link, secrets=chosen.secrets)
            return (
                f"{backup}: {made.blobs} blobs of {made.blob_bytes} bytes, {len(made.files)} files of records"
            )
        case "verify":
            found = verify(backup)
            return f"{backup} of {found.ended_at:%Y-%m-%d %H:%M:%S} UTC is complete"
        case "restore-secrets":
            verify_records(backup)
            return f"{restore_secrets(backup / SECRETS, chosen.secrets)} secrets are in {chosen.secrets}"
        case _:
            done = restore(_settings(), backup, keep_sessions=chosen.keep_sessions)
            left_out = (
                f"; {done.left_out} that were deleted during the backup are left out" if done.left_out else ""
            )
            return f"{done.conversions} conversions are restored{left_out}"


def _settings() -> BackupSettings:
    return load(BackupSettings, os.environ)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m backup", description="Backup and restore of all stores.")
    commands = parser.add_subparsers(dest="command", required=True)
    made = _command(commands, "create", "write a backup of the running system to a new directory")
    made.add_argument(
        "--link", type=Path, metavar="BACKUP", help="an earlier backup; its blobs become hard links"
    )
    made.add_argument("--secrets", type=Path, metavar="DIR", help="include the secrets of this directory")
    _command(commands, "verify", "read a whole backup and compare it with its digests")
    restored = _command(commands, "restore", "restore into empty stores, while the services are stopped")
    restored.add_argument("--keep-sessions", action="store_true", help="leave sessions signed in")
    secret = _command(commands, "restore-secrets", "copy the secrets of a backup to a directory")
    secret.add_argument("--secrets", type=Path, metavar="DIR", required=True, help="where they are copied to")
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, summary: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=summary, description=summary)
    command.add_argument("directory", type=Path, help="directory of the backup")
    return command


if __name__ == "__main__":
    try:
        print(main(sys.argv[1:]))
    except SettingsError as error:
        print(error, file=sys.stderr)
        sys.exit(EXIT_CONFIGURATION)
    except (BackupError, OSError) as error:
        sys.exit(f"backup: {error}")
