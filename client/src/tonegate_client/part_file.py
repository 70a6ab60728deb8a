"""What has arrived of a download: a file beside its target, kept after a crash, that one download writes."""

import contextlib
import hashlib
import os
import re
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tonegate_client.state.file_lock import LockTaken, lock_at_once

PIECE_BYTES = 1024 * 1024
# Of an id that the server or the user gave, what could lead to another folder.
NOT_IN_AN_ID, MAX_ID = re.compile(r"[^A-Za-z0-9_-]"), 64


class PartFile:
    """An open file that this download alone writes."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file

    @property
    def size(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def write(self, piece: bytes) -> None:
        """Appends bytes. Raises OSError; then some of them may be stored."""
        rest = memoryview(piece)
        while rest:
            rest = rest[self._file.write(rest) :]

    def clear(self) -> None:
        """Makes the file empty."""
        self._file.truncate(0)

    def discard(self) -> None:
        """Removes the file."""
        self._path.unlink(missing_ok=True)

    def sync(self) -> None:
        """Waits until the bytes are on the disk."""
        os.fsync(self._file.fileno())

    def digest(self) -> str:
        """The SHA-256, in hex."""
        self._file.seek(0)
        digest = hashlib.sha256()
        while piece := self._file.read(PIECE_BYTES):
            digest.update(piece)
        return digest.hexdigest()

    def become(self, target: Path) -> None:
        """Gives the file its final name, in place of an existing file."""
        if sys.platform == "win32":
            self._file.close()  # Windows renames no open file
        self._path.replace(target)


@contextlib.contextmanager
def part_file(target: Path, conversion_id: str) -> Iterator[PartFile]:
    """Opens the part file with what an earlier download left in it.

    While another download has it, also one of another process, and on file systems without locks, this one
    gets a file of its own, which is removed at the end.
    """
    path = part_of(target, conversion_id)
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(_shared(path))
        except LockTaken:
            path = path.with_suffix(f".{secrets.token_hex(8)}.part")
            file = stack.enter_context(path.open("x+b", buffering=0))
            stack.callback(path.unlink, missing_ok=True)
        yield PartFile(path, file)


@contextlib.contextmanager
def _shared(path: Path) -> Iterator[BinaryIO]:
    """The file at `path`, locked. Raises LockTaken."""
    with path.open("a+b", buffering=0) as file, lock_at_once(file.fileno()):
        if not _is_at(path, file):
            raise LockTaken  # another download has just finished with it
        yield file


def _is_at(path: Path, file: BinaryIO) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def part_of(target: Path, conversion_id: str) -> Path:
    """The path of the file: a short name, because that of the target may have 255 bytes."""
    return target.parent / f".tonegate-{NOT_IN_AN_ID.sub('_', conversion_id)[:MAX_ID]}.part"
