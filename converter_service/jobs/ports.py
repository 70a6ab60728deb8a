"""Port for local files during a run."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol


class Scratch(Protocol):
    """Temporary files on a local disk."""

    def room(self, needed_bytes: int) -> AbstractAsyncContextManager[Path]:
        """A private, empty directory, removed after the block. Raises OSError if space is short."""

    async def reserve(self, room: Path, needed_bytes: int) -> None:
        """Reserves space for all files of a room. Raises OSError if space is short."""

    async def capacity(self) -> int:
        """The bytes that a single run could use on an otherwise empty disk."""

    async def save(self, chunks: AsyncIterator[bytes], path: Path) -> None: ...

    def load(self, path: Path) -> AsyncIterator[bytes]: ...
