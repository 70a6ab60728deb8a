"""Lock file of a stack: one command at a time; released when the holding process ends."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from devstack.errors import StackError
from devstack.home import Home


@contextmanager
def exclusive(home: Home) -> Iterator[None]:
    with (home.path / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(f"another command is at work in {home.path}; please wait for it") from None
        yield
