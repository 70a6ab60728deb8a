"""Programs that copy audio tracks without encoding them."""

from pathlib import Path
from typing import Protocol

from tonegate_client.problems import TonegateError
from tonegate_client.sound.description import Description


class EngineFailed(TonegateError):
    """A program failed, complained about the file, or took too long."""


class Engine(Protocol):
    """Each call raises EngineFailed and OSError, and ends its program when it is cancelled."""

    async def describe(self, path: Path) -> Description: ...

    async def copy(self, source: Path, target: Path, container: str) -> None:
        """Writes all audio tracks of `source`, with tags and chapters, to a new file of a format of
        libavformat; twice the same bytes.
        """
        ...

    async def packets(self, path: Path) -> tuple[str, ...]:
        """A digest for each audio track: of the contents, times and flags of its packets. Durations are left
        out: Matroska has few, and the codec has them.
        """
        ...
