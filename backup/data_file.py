"""Files of a backup: written with their digest, read back and compared."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from backup.errors import BackupError
from backup.manifest import DataFile

BLOCK_BYTES = 1 << 20


class FileWriter:
    """A new file with mode 0600 that counts and digests what is written; synchronized to the disk on exit."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._stream = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._digest = hashlib.sha256()
        self.size = 0
        self.records = 0

    def write(self, data: bytes) -> None:
        """Writes one record."""
        self._stream.write(data)
        self._digest.update(data)
        self.size += len(data)
        self.records += 1

    @property
    def written(self) -> DataFile:
        return DataFile(self.size, self._digest.hexdigest(), self.records)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._stream:
            if error is None:
                self._stream.flush()
                os.fsync(self._stream.fileno())


def blocks(path: Path, size: int = BLOCK_BYTES) -> Iterator[bytes]:
    """The bytes of a file in blocks of `size`. Raises BackupError if there is no such file."""
    with opened(path) as descriptor:
        while block := os.read(descriptor, size):
            yield block


@contextmanager
def opened(path: Path) -> Iterator[int]:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise BackupError(f"{path}: {error.strerror}") from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def check_file(path: Path, size: int, sha256: str) -> None:
    """Raises BackupError if the file does not have this size and digest."""
    digest, read = hashlib.sha256(), 0
    for block in blocks(path):
        digest.update(block)
        read += len(block)
    if (read, digest.hexdigest()) != (size, sha256):
        raise BackupError(f"{path} is damaged: it has {read} bytes where {size} were written, or others")
