"""A local file that is to be sent: its identity, and its bytes as long as it does not change."""

import asyncio
import os
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tonegate_client.problems import SourceChanged

PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True)
class SourceFile:
    """A version of a file: another size or time of modification makes another version."""

    path: Path
    size: int
    modified_ns: int

    @property
    def name(self) -> bytes:
        """The file's name as the file system has it, which need not be UTF-8."""
        return os.fsencode(self.path.name)

    def check(self, file: BinaryIO) -> None:
        """Raises SourceChanged when the open file is another version."""
        now = os.fstat(file.fileno())
        if (now.st_size, now.st_mtime_ns) != (self.size, self.modified_ns):
            raise SourceChanged("The file changed while it was sent.")

    async def read(self, offset: int) -> AsyncGenerator[bytes, None]:
        """Yields the bytes from `offset` on. Raises SourceChanged before the last of them, and OSError."""
        file = await asyncio.to_thread(self.path.open, "rb")
        try:
            await asyncio.to_thread(file.seek, offset)
            while offset < self.size:
                piece = await asyncio.to_thread(file.read, min(PIECE_BYTES, self.size - offset))
                offset += len(piece)
                if not piece or offset >= self.size:
                    self.check(file)
                yield piece
        finally:
            file.close()


def source_file(path: Path) -> SourceFile:
    """The present version of a file. Raises OSError."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - keeps symbolic links, unlike resolve()
    found = absolute.stat()
    return SourceFile(absolute, found.st_size, found.st_mtime_ns)
