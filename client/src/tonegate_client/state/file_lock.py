"""Locks between processes. The operating system releases them when a process ends, also by a crash."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class LockTaken(Exception):
    """Another process holds the lock, or another task of this one."""


@contextlib.contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Waits for an exclusive lock on `path`, which is made when it is missing."""
    with path.open("ab") as file:
        _acquire(file.fileno(), 0, wait=True)
        yield


@contextlib.contextmanager
def lock_at_once(descriptor: int) -> Iterator[None]:
    """Locks an open file until it is closed or the block ends. Raises LockTaken at once when it is not free,
    or when the file system has no locks.
    """
    try:
        _acquire_file(descriptor)
    except OSError as error:
        raise LockTaken from error
    yield


class NamedLocks:
    """Locks by names: ranges of one file, so that nothing is left to remove. Close it at the end."""

    def __init__(self, path: Path) -> None:
        # Closing any descriptor of the file would release all locks of the process.
        self._file = path.open("ab")
        self._held: set[int] = set()

    def close(self) -> None:
        self._file.close()

    @contextlib.contextmanager
    def hold(self, digest: str) -> Iterator[None]:
        """Holds the lock of a digest in hex. Raises LockTaken at once when it is not free."""
        position = int(digest[:15], 16)
        if position in self._held:
            raise LockTaken
        try:
            _acquire(self._file.fileno(), position, wait=False)
        except OSError as error:
            raise LockTaken from error
        self._held.add(position)
        try:
            yield
        finally:
            self._held.remove(position)
            _release(self._file.fileno(), position)


if sys.platform == "win32":
    # msvcrt.locking reaches no further.
    POSITIONS = 2**31

    def _acquire_file(descriptor: int) -> None:
        _acquire(descriptor, 0, wait=False)

    def _acquire(descriptor: int, position: int, *, wait: bool) -> None:
        os.lseek(descriptor, position % POSITIONS, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)

    def _release(descriptor: int, position: int) -> None:
        os.lseek(descriptor, position % POSITIONS, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:

    def _acquire_file(descriptor: int) -> None:
        # Unlike lockf, also between two descriptors of one process.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _acquire(descriptor: int, position: int, *, wait: bool) -> None:
        if wait:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        else:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, position)

    def _release(descriptor: int, position: int) -> None:
        fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, position)
