"""Port for local files during a run."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol


class Scratch(Protocol):
    """Temporary files on a local disk."""

    def room(self, needed_bytes: int) -> AbstractAsyncContextManager[Path]:
        """A private, empty directory, removed after the block. Raises OSError if space is short."""

    async def save(self, chunks: AsyncIterator[bytes], path: Path) -> None: ...

    def load(self, path: Path) -> AsyncIterator[bytes]: ...
