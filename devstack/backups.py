"""`make backup` and `make restore`: backups of the stack in the background, with its secrets."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from backup.creation import create
from backup.errors import BackupError
from backup.layout import SECRETS
from backup.manifest import NAME
from backup.restoration import restore
from backup.secrets import restore_secrets
from backup.settings import BackupSettings
from backup.verification import verify
from devstack.errors import StackError
from devstack.home import Home, exclusive
from devstack.saved_settings import SavedSettings
from devstack.stack import Stack
from shared.clock import utc_now
from shared.settings import load


class Backups:
    """Backups of the stack below the directory `state`."""

    def __init__(self, state: Path, given: Mapping[str, str]) -> None:
        self._home = Home.at(state)
        self._given = given

    def create(self, target: Path | None = None) -> None:
        """Writes a backup of the running stack; by default to `backups/` with the time as its name.

        It shares the files of unchanged blobs with the newest backup of its directory.
        """
        stack = Stack(self._home.path, SavedSettings(self._home).load())
        if not all(server.alive for server in stack.servers):
            raise StackError("nothing to back up: the servers are not running; start them with `make up`")
        target = target or self._home.directory("backups") / f"{utc_now():%Y-%m-%dT%H-%M-%SZ}"
        secrets = self._home.directory("secrets")
        with _reported():
            made = create(_settings(stack), target, previous=_newest(target.parent), secrets=secrets)
        print(f"{target}: {made.blobs} blobs of {made.blob_bytes} bytes, and all records")

    def restore(self, source: Path) -> None:
        """Restores a backup into a stack that has no data yet, and leaves it stopped."""
        with exclusive(self._home), _reported():
            verify(source)
            stack = Stack(self._home.path, self._given)
            if any(part.alive for part in stack.parts):
                raise StackError("the system is running; stop it with `make down`")
            restore_secrets(source / SECRETS, self._home.directory("secrets"))
            stores = [server.name for server in stack.servers if server.name in ("postgres", "mongo")]
            try:
                if stores:
                    stack.start(*stores)
                done = restore(_settings(stack), source)
            finally:
                stack.stop()
        print(f"{done.conversions} conversions are restored; start the system with `make up`")


@contextmanager
def _reported() -> Iterator[None]:
    """Raises StackError in place of BackupError."""
    try:
        yield
    except BackupError as error:
        raise StackError(str(error)) from None


def _settings(stack: Stack) -> BackupSettings:
    return load(BackupSettings, {**os.environ, **stack.settings()})


def _newest(folder: Path) -> Path | None:
    """The newest complete backup in a directory, by the time at which it was renamed to its name."""
    complete = [path.parent for path in folder.glob(f"*/{NAME}") if not path.parent.name.startswith(".")]
    return max(complete, key=lambda path: (path / NAME).stat().st_mtime, default=None)
