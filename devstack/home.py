"""Directory of one stack: data, logs, records of processes and secrets."""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devstack.errors import StackError

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Home:
    """The directory; two stacks never share one."""

    path: Path

    @classmethod
    def at(cls, path: Path) -> "Home":
        path.mkdir(parents=True, exist_ok=True)
        return cls(path.resolve())

    def directory(self, name: str, mode: int = 0o700) -> Path:
        directory = self.path / name
        directory.mkdir(mode=mode, exist_ok=True)
        return directory

    def log(self, name: str) -> Path:
        return self.directory("logs") / f"{name}.log"

    def secret(self, name: str, make: Callable[[int], str] = secrets.token_hex) -> str:
        """Returns a secret of 32 random bytes, written by `make`; generated at first use and stored with mode
        0600.
        """
        file = self.directory("secrets") / name
        if not file.exists():
            write_private(file, make(32))
        return file.read_text()


def write_private(file: Path, text: str) -> None:
    """Writes a file atomically with mode 0600."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
    draft.replace(file)


@contextmanager
def exclusive(home: Home) -> Iterator[None]:
    """Holds the stack's lock file: one command at a time; released when the holding process ends."""
    with (home.path / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(f"another command is at work in {home.path}; please wait for it") from None
        yield
